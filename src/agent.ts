/**
 * Public subpath `holter/agent`: the in-process part. `node --import holter/agent app.js` (or `--require`, also in
 * NODE_OPTIONS) starts it; a program that imports it calls `start()`.
 */

import { isPreloaded, start } from './agent/start.ts';
import { agentFile } from './agent/worker-source.ts';

export type { Metric, MetricPoint } from './agent/metric-table.ts';
export { SCHEMA_URL } from './agent/metric-table.ts';
export type { AgentOptions } from './agent/settings.ts';
export { type Agent, start } from './agent/start.ts';
export type { BoxEvent, BoxFrame } from './metrics/black-box.ts';

if (isPreloaded(process.execArgv, process.env.NODE_OPTIONS ?? '', agentFile)) start();
