// holter-expect {"kind":"healthy"}
let rounds = 0;

function settle() {
  rounds++;
}

setInterval(settle, 50);
console.log('ready');
