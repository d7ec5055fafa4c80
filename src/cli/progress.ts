/** One line on stderr that rewrites itself; only on a terminal, so logs and pipes stay clean. */
export interface Progress {
  step(text: string): void;
  /** Removes the line. */
  end(): void;
}

export function startProgress(label: string, seconds: number): Progress {
  if (!process.stderr.isTTY || process.env.TERM === 'dumb') return { step: () => {}, end: () => {} };
  const begun = performance.now();
  let what = '';
  const draw = () => {
    const spent = (performance.now() - begun) / 1000;
    const text = `${label}  ${what}  ${spent.toFixed(1)} of ${seconds} s`;
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
