import type { Location } from '../source-map/location.ts';
import type { Category } from './call-tree.ts';

/**
 * Category of a V8 profile frame from its function name and location. V8's own entries have an empty URL and a name
 * in brackets (src/profiler/profile-generator.cc: `(root)`, `(program)`, `(idle)`, `(garbage collector)`); builtins
 * and API callbacks have an empty URL and a plain name; WebAssembly is machine code to its caller.
 */
export function categoryOf(name: string, location: Location): Category {
  if (location.file === '') {
    if (name === '(garbage collector)') return 'gc';
    if (name === '(idle)') return 'idle';
    if (name === '(program)' || name === '(root)') return 'program';
    return 'native';
  }
  return location.file.startsWith('wasm://') ? 'native' : 'js';
}
