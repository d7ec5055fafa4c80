// holter-expect {"kind":"event-loop-blocked","functions":["median","quantile"],"line":5,"lines":[5,7,8,9,10,11]}
// A stream of measurements without HTTP: every 300 ms the whole window is sorted anew for each quantile.
import { bufferCount, interval, map, scan } from 'rxjs';

const quantile = (values, q) => values.slice().sort((a, b) => a - b)[Math.floor(values.length * q)];

function median(values) {
  let last = 0;
  for (let q = 0.01; q < 1; q += 0.05) last = quantile(values, q);
  return last;
}

interval(100)
  .pipe(
    scan(
      (window, tick) => [
        ...window.slice(-40_000),
        ...Array.from({ length: 4_000 }, (_, i) => (tick * 7_919 + i * 104_729) % 65_537),
      ],
      [],
    ),
    bufferCount(3),
    map((windows) => median(windows.at(-1))),
  )
  .subscribe(() => {});
console.log('ready');
