/**
 * `holter/probe`: probes of an application, for `holter probe <pid> -n 'my-app:::order-done { … }'`. The interface is
 * that of dtrace-provider; nothing native, and a probe nobody looks at costs a comparison.
 *
 *     import { createDTraceProvider } from 'holter/probe';
 *     const provider = createDTraceProvider('shop');
 *     const done = provider.addProbe('order-done', 'int', 'char *');
 *     provider.enable();
 *     done.fire(() => [order.total, order.customer]);
 */
export { createDTraceProvider, type DTraceProbe, type DTraceProvider } from './probe/application-provider.ts';
export { compileProgram } from './probe/d-compile.ts';
export { parseProgram } from './probe/d-parser.ts';
