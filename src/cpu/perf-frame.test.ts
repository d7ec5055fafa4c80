import { describe, expect, it } from 'vitest';
import { readPerfFrame } from './perf-frame.ts';

describe('readPerfFrame', () => {
  const map = '/tmp/perf-1234.map';
  it.each([
    ['LazyCompile:*render /app/x.js:10', map, 'render /app/x.js:10:0 js js'],
    ['JS:~f file:///app/x.js:10:3', map, 'f file:///app/x.js:10:3 js interpreted'],
    ["JS:+'regexWork /p/server.js:8:19", map, 'regexWork /p/server.js:8:19 js js'],
    ['JS:^ node:internal/timers:525:28', 'jitted-12-3.so', ' node:internal/timers:525:28 js js'],
    ['JS:* :1:20', map, ' :1:20 js js'],
    [
      'Function:~compileFunction node:internal/vm:3',
      '[JIT] tid 123',
      'compileFunction node:internal/vm:3:0 js interpreted',
    ],
    ['Script:~ /app/my x.js:1:1', map, ' /app/my x.js:1:1 js interpreted'],
    ['Builtin:ArrayMap', map, 'ArrayMap :0:0 native plain'],
    ['BytecodeHandler:LdaZero', map, 'LdaZero :0:0 native plain'],
    ['RegExp:[&<>"]', map, '/[&<>"]/ :0:0 native plain'],
    [`RegExp.> src: 'item (\\d+)' flags: 'g'`, map, '/item (\\d+)/g :0:0 native plain'],
    ['Builtins_StringAdd_CheckNone', '/usr/bin/node', 'Builtins_StringAdd_CheckNone :0:0 native plain'],
    [
      'Builtins_InterpreterEntryTrampoline',
      '/usr/bin/node',
      '(interpreted function) :0:0 native interpreter',
    ],
    [
      'v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace)',
      '/usr/bin/node',
      'v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace) :0:0 gc gc',
    ],
    [
      'v8::internal::ScavengerCollector::CollectGarbage',
      '/usr/bin/node',
      'v8::internal::ScavengerCollector::CollectGarbage :0:0 gc gc',
    ],
    ['v8::internal::Heap::AllocateRaw', '/usr/bin/node', 'v8::internal::Heap::AllocateRaw :0:0 native plain'],
    ['do_syscall_64', '[kernel.kallsyms]', 'do_syscall_64 :0:0 kernel kernel'],
    ['nf_hook', '[nf_conntrack]', 'nf_hook :0:0 kernel kernel'],
    ['schedule', '/usr/lib/debug/boot/vmlinux-6.1', 'schedule :0:0 kernel kernel'],
    ['__vdso_clock_gettime', '[vdso]', '__vdso_clock_gettime :0:0 native plain'],
    ['[unknown]', '/usr/lib/x86_64-linux-gnu/libc.so.6', '[libc.so.6] :0:0 native plain'],
    ['[unknown]', '[unknown]', '[unknown] :0:0 native plain'],
    ['[unknown]', '[kernel.kallsyms]', '[kernel.kallsyms] :0:0 kernel kernel'],
  ])('%s (%s)', (symbol, module, expected) => {
    const { name, file, line, column, category, role } = readPerfFrame(symbol, module);
    expect(`${name} ${file}:${line}:${column} ${category} ${role}`).toBe(expected);
  });
});
