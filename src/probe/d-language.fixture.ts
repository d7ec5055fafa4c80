import { createRequire } from 'node:module';
import { compileProgram } from './d-compile.ts';
import { parseProgram } from './d-parser.ts';
import { createEngine, type Engine } from './engine.ts';
import { engineBucket } from './engine-bucket.ts';
import { makeEngineText } from './engine-text.ts';
import { formatAggregations } from './format-aggregation.ts';
import { CATALOGUE } from './provider-catalogue.ts';

const require = createRequire(import.meta.url);

/** An engine with a program in this process; its clock steps 1000 ns a reading. */
export function runProgram(text: string, args: string[] = []): { engine: Engine; printed: () => string } {
  const compiled = compileProgram(parseProgram(text, 'test.d'), CATALOGUE, args, 4711);
  // biome-ignore lint/security/noGlobalEval: what compileProgram gives is what the target evaluates
  const clauses = globalThis.eval(compiled.text) as Parameters<typeof createEngine>[0];
  let clock = 0;
  const options = {
    aggregations: compiled.aggregations,
    usesThis: compiled.usesThis,
    budget: 1e9,
    mostKeys: 100,
    mostBytesPerSecond: 1e6,
    mostErrors: 50,
    pid: 4711,
  };
  const now = (): number => {
    clock += 1000;
    return clock;
  };
  const engine = createEngine(clauses, options, require as never, now, { makeEngineText, engineBucket });
  return {
    engine,
    printed: () =>
      engine
        .drain()
        .out.map((item) =>
          typeof item === 'string' ? item : formatAggregations(item.aggregations, item.format),
        )
        .join(''),
  };
}

/** What a program prints from BEGIN to END. */
export function outputOf(text: string, args: string[] = []): string {
  const { engine, printed } = runProgram(text, args);
  engine.begin();
  engine.end();
  engine.stop('test');
  return printed();
}
