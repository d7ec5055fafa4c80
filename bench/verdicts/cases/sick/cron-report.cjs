// holter-expect {"kind":"event-loop-blocked","functions":["monthlyReport"],"line":15,"lines":[12,13,14,15,16,17,18,19,20,21,22],"load":{"path":"/","connections":10,"rate":200}}
'use strict';
const http = require('node:http');

const bookings = Array.from({ length: 1_500_000 }, (_, i) => ({
  day: i % 365,
  room: i % 41,
  cents: (i * 37) % 20_000,
}));
let latest = '{}';

function monthlyReport() {
  const rooms = new Map();
  for (const booking of bookings) {
    const key = `${booking.room}/${Math.floor(booking.day / 30)}`;
    const sum = rooms.get(key) || { cents: 0, nights: 0 };
    sum.cents += booking.cents;
    sum.nights++;
    rooms.set(key, sum);
  }
  latest = JSON.stringify([...rooms]);
}

// "Cheap enough, it is only every other second."
setInterval(monthlyReport, 2_000);
const server = http.createServer((req, res) => res.end(String(latest.length)));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
