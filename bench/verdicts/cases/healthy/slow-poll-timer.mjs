// holter-expect {"kind":"healthy"}
// Polls a flag two hundred times a second: many turns, hardly any CPU.
let flag = false;
const poll = () => {
  if (flag) return;
  setTimeout(poll, 5);
};
poll();
setTimeout(() => {
  flag = true;
}, 3_600_000);
console.log('ready');
