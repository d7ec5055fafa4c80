// holter-expect {"kind":"event-loop-stuck","functions":["settle"],"line":8,"lines":[6,7,8,9]}
// No server and no request: a worker that gets stuck by itself.
const balances = [100, -100];

function settle() {
  while (balances[0] !== balances[1]) {
    balances[0] -= 0.1;
    balances[1] += 0.1;
  }
}

setTimeout(settle, 300);
console.log('ready');
