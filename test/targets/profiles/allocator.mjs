// Keeps what `remember` makes, throws away what `churn` makes; churn makes ten times as much.
class Order {
  constructor(id) {
    this.id = id;
    this.lines = new Array(200).fill(id);
  }
}
const kept = [];
function remember(id) {
  kept.push(new Order(id));
}
function churn(id) {
  const rows = [];
  for (let i = 0; i < 10; i++) rows.push(new Array(200).fill(id + i));
  return rows.length;
}
// Called from one place with many others: V8's allocation sampler does not see functions that were inlined.
const jobs = [remember, churn, (i) => i + 1, (i) => i + 2, (i) => i + 3, (i) => i + 4, (i) => i + 5];
let id = 0;
setInterval(() => {
  for (let i = 0; i < 20; i++) {
    id++;
    for (const job of jobs) job(id);
  }
  if (kept.length > 40_000) kept.length = 0;
}, 10);
console.log('ready');
