/** One line on stderr that rewrites itself; only on a terminal, so logs and pipes stay clean. */
export interface Progress {
  step(text: string): void;
  /** Removes the line. */
  end(): void;
}

/** `seconds`: how long it will take; undefined when nobody knows. */
export function startProgress(label: string, seconds: number | undefined): Progress {
  if (!process.stderr.isTTY || process.env.TERM === 'dumb') return { step: () => {}, end: () => {} };
  const begun = performance.now();
  let what = '';
  const draw = () => {
    const spent = (performance.now() - begun) / 1000;
    const time = seconds === undefined ? spent.toFixed(1) : `${spent.toFixed(1)} of ${seconds}`;
    const text = `${label}  ${what}  ${time} s`;
    const width = process.stderr.columns || 80;
    process.stderr.write(`\r\x1b[K${text.slice(0, width - 1)}`);
  };
  const timer = setInterval(draw, 200);
  timer.unref();
  return {
    step(text) {
      what = text;
      draw();
    },
    end() {
      clearInterval(timer);
      process.stderr.write('\r\x1b[K');
    },
  };
}
