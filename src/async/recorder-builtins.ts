/** Built-in modules by name, however this Node gives them out; those the recorder uses. */
export interface BuiltinRequire {
  (name: 'async_hooks'): typeof import('node:async_hooks');
  (name: 'diagnostics_channel'): typeof import('node:diagnostics_channel');
  (name: 'net'): typeof import('node:net');
  (name: 'perf_hooks'): typeof import('node:perf_hooks');
  (name: 'timers'): typeof import('node:timers');
}
