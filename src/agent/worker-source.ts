/** Filled in by scripts/build.mjs: the worker as one CommonJS text, so that bundlers need know of no second file. */
declare const HOLTER_WORKER_SOURCE: string;
declare const HOLTER_PACKAGE_VERSION: string;
/** Path or URL of the built file: `import.meta.url` or `__filename`. */
declare const HOLTER_SELF: string;

export const workerSource: string = HOLTER_WORKER_SOURCE;
export const HOLTER_AGENT_VERSION: string = HOLTER_PACKAGE_VERSION;
export const agentFile: string = HOLTER_SELF;
