// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":300}}
import { createServer } from 'node:http';

// Twenty thousand devices, each with a time-out that is set again whenever it is heard of.
const devices = Array.from({ length: 20_000 }, (_, id) => ({ id, heard: 0, timer: undefined }));
const lost = new Set();
const hear = (device) => {
  clearTimeout(device.timer);
  device.heard++;
  lost.delete(device.id);
  device.timer = setTimeout(() => lost.add(device.id), 30_000 + device.id);
};
for (const device of devices) hear(device);
setInterval(() => {
  for (let i = 0; i < 200; i++) hear(devices[Math.floor(Math.random() * devices.length)]);
}, 50);

const server = createServer((req, res) => res.end(String(lost.size)));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
