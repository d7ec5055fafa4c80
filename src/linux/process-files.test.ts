import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { parseCgroupMounts, parseThrottledUs, readCgroupLimits } from './cgroup.ts';
import { parseCommandLine, readEnvironment } from './command-line.ts';
import { parseContainerId } from './container.ts';
import { readExecutable } from './executable.ts';
import { parseMachineCpu, parseProportionalBytes, readMachineMemory } from './machine.ts';
import { mappingAt, parseMemoryMap } from './memory-map.ts';
import { drawProc, drawStat, drawStatus } from './proc.fixture.ts';
import { parseProcessStat, readProcessStat, startedAtOf } from './process-stat.ts';
import { countCpuList, hasSignal, parseProcessStatus } from './process-status.ts';
import { parseListeningSockets, readSocketInodes } from './sockets.ts';
import { parseSystemCall } from './system-call.ts';
import { listChildren, listThreads, parseScheduleStat } from './threads.ts';

let remove = (): void => {};
afterEach(() => remove());
function draw(files: Record<string, string>): string {
  const drawn = drawProc(files);
  remove = drawn.remove;
  return drawn.proc;
}

describe('stat', () => {
  test('a comm may hold anything', () => {
    for (const comm of ['node', 'a) S 1 (b', ') R 1', 'two\nlines', '((', '']) {
      const stat = parseProcessStat(drawStat({ pid: 4711, comm, ppid: 12, start: 999 }));
      expect(stat).toMatchObject({
        pid: 4711,
        comm,
        state: 'S',
        ppid: 12,
        userTicks: 250,
        systemTicks: 50,
        startTicks: 999,
      });
    }
  });
  test('a process that is gone is undefined, not an error', () => {
    expect(readProcessStat(4711, draw({ uptime: '1 1' }))).toBeUndefined();
    expect(parseProcessStat('4711 (node) S 1')).toBeUndefined();
  });
  test('start time from uptime', () => {
    const proc = draw({ uptime: '100.50 50.00\n', '4711/stat': drawStat({ pid: 4711, start: 9050 }) });
    const started = Date.parse(startedAtOf(readProcessStat(4711, proc)!, proc));
    expect(Date.now() - started).toBeGreaterThanOrEqual(9_900);
    expect(Date.now() - started).toBeLessThan(12_000);
  });
});

describe('status', () => {
  test('masks, namespace pids, CPUs', () => {
    const status = parseProcessStatus(drawStatus({ pids: '4711\t17\t1', uid: 33 }));
    expect(status).toMatchObject({
      state: 'S',
      uid: 33,
      namespacePids: [4711, 17, 1],
      threads: 11,
      allowedCpus: 4,
    });
    expect(status).toMatchObject({ rssBytes: 61_440 * 1024, voluntarySwitches: 42, involuntarySwitches: 7 });
    expect(hasSignal(status.caught, 10)).toBe(true);
    expect(hasSignal(status.caught, 9)).toBe(false);
    expect(hasSignal(1n << 63n, 64)).toBe(true);
  });
  test('a zombie has no memory and no masks worth reading', () => {
    expect(parseProcessStatus('Name:\tnode\nState:\tZ (zombie)\n')).toMatchObject({
      state: 'Z',
      rssBytes: 0,
      caught: 0n,
    });
  });
  test('CPU lists', () => {
    expect(countCpuList('0')).toBe(1);
    expect(countCpuList('0-3,8,10-11')).toBe(7);
    expect(countCpuList('')).toBe(0);
  });
});

describe('cmdline and environ', () => {
  test('arguments, titles, nothing', () => {
    expect(parseCommandLine('node\0app.js\0')).toEqual({ args: ['node', 'app.js'], titled: false });
    expect(parseCommandLine('node\0-e\0\0x\0')).toEqual({ args: ['node', '-e', '', 'x'], titled: false });
    expect(parseCommandLine('my api (v2)\0\0\0\0')).toEqual({ args: ['my api (v2)'], titled: true });
    expect(parseCommandLine('node\0')).toEqual({ args: ['node'], titled: false });
    expect(parseCommandLine('')).toEqual({ args: [], titled: false });
  });
  test('environment keeps what follows the first =', () => {
    const proc = draw({ '1/environ': 'A=1=2\0NAME=x\ny\0broken\0' });
    expect([...readEnvironment(1, proc)!]).toEqual([
      ['A', '1=2'],
      ['NAME', 'x\ny'],
    ]);
    expect(readEnvironment(2, proc)).toBeUndefined();
  });
  test('a replaced executable', () => {
    const proc = draw({ '1/exe': '-> /usr/bin/node (deleted)', '2/exe': '-> /usr/bin/node' });
    expect(readExecutable(1, proc)).toMatchObject({
      path: '/usr/bin/node',
      deleted: true,
      openPath: `${proc}/1/exe`,
    });
    expect(readExecutable(2, proc)).toMatchObject({ path: '/usr/bin/node', deleted: false });
  });
});

describe('sockets', () => {
  const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:240D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:A000 0100007F:240D 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1
`;
  const tcp6 = `  sl  local_address rem_address st tx_queue
   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4713 1
   1: 00000000000000000000000001000000:0BB9 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4714 1
   2: 0000000000000000FFFF00000100007F:0BBA 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4715 1
`;
  test('listeners only, addresses readable', () => {
    expect(parseListeningSockets(tcp)).toEqual([{ address: '127.0.0.1', port: 9229, inode: 4711 }]);
    expect(parseListeningSockets(tcp6)).toEqual([
      { address: '::', port: 3000, inode: 4713 },
      { address: '::1', port: 3001, inode: 4714 },
      { address: '127.0.0.1', port: 3002, inode: 4715 },
    ]);
  });
  test('inodes a process holds', () => {
    const proc = draw({
      '1/fd/0': '-> /dev/null',
      '1/fd/19': '-> socket:[4713]',
      '1/fd/20': '-> anon_inode:[eventpoll]',
    });
    expect([...readSocketInodes(1, proc)!]).toEqual([4713]);
    expect(readSocketInodes(2, proc)).toBeUndefined();
  });
});

describe('threads and children', () => {
  test('children hang under the thread that made them', () => {
    const proc = draw({
      '10/task/10/children': '11 \n',
      '10/task/14/children': '20 15 ',
      '10/task/12/children': '',
    });
    expect(listThreads(10, proc)).toEqual([10, 12, 14]);
    expect(listChildren(10, proc)).toEqual([11, 15, 20]);
    expect(listChildren(99, proc)).toEqual([]);
  });
  test('schedstat', () => {
    expect(parseScheduleStat('59545847 13076856 33\n')).toEqual({ runNs: 59_545_847, waitNs: 13_076_856 });
    expect(parseScheduleStat('')).toBeUndefined();
  });
});

describe('cgroup', () => {
  test('version 2: the tightest limit of the group and its parents', () => {
    const proc = draw({
      '7/cgroup': '0::/kubepods/pod1/app\n',
      'cg/kubepods/pod1/memory.max': '268435456\n',
      'cg/kubepods/pod1/memory.current': '1000\n',
      'cg/kubepods/pod1/cpu.max': '50000 100000\n',
      'cg/kubepods/pod1/app/memory.max': 'max\n',
      'cg/kubepods/pod1/app/cpu.max': 'max 100000\n',
    });
    const mounted = draw2(proc, `30 20 0:27 / ${proc}/cg rw - cgroup2 cgroup2 rw`);
    expect(readCgroupLimits(7, mounted)).toEqual({
      memoryLimitBytes: 268_435_456,
      memoryUsageBytes: 1000,
      quotaCores: 0.5,
      cpuStatFiles: [`${proc}/cg/kubepods/pod1/cpu.stat`],
    });
  });
  test('version 1: a container sees its own group as the root of the mount', () => {
    const proc = draw({
      '7/cgroup': '4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n',
      'mem/memory.limit_in_bytes': '536870912\n',
      'mem/memory.usage_in_bytes': '4096\n',
      'cpu/cpu.cfs_quota_us': '150000\n',
      'cpu/cpu.cfs_period_us': '100000\n',
    });
    const mounts = [
      `31 20 0:28 /docker/abc ${proc}/mem ro - cgroup cgroup rw,memory`,
      `32 20 0:29 /docker/abc ${proc}/cpu ro - cgroup cgroup rw,cpu,cpuacct`,
    ];
    expect(readCgroupLimits(7, draw2(proc, mounts.join('\n')))).toMatchObject({
      memoryLimitBytes: 536_870_912,
      memoryUsageBytes: 4096,
      quotaCores: 1.5,
    });
  });
  test('no limit, no cgroup at all', () => {
    const proc = draw({
      '7/cgroup': '4:memory:/\n0::/\n',
      'mem/memory.limit_in_bytes': '9223372036854771712\n',
    });
    const mounted = draw2(proc, `31 20 0:28 / ${proc}/mem rw - cgroup cgroup rw,memory`);
    expect(readCgroupLimits(7, mounted)).toEqual({ cpuStatFiles: [] });
    expect(readCgroupLimits(8, proc)).toEqual({ cpuStatFiles: [] });
  });
  test('throttled time in both units', () => {
    expect(parseThrottledUs('nr_throttled 3\nthrottled_usec 1500\n')).toBe(1500);
    expect(parseThrottledUs('nr_throttled 3\nthrottled_time 1500000\n')).toBe(1500);
    expect(parseThrottledUs('')).toBeUndefined();
  });
  function draw2(proc: string, mountinfo: string): string {
    const extra = drawProc({ 'self/mountinfo': `${mountinfo}\n`, '7': `-> ${proc}/7` });
    const before = remove;
    remove = () => {
      before();
      extra.remove();
    };
    return extra.proc;
  }
});

test('container ids', () => {
  const id = '3f4e8a9b0c1d2e3f4e8a9b0c1d2e3f4e8a9b0c1d2e3f4e8a9b0c1d2e3f4e8a9b';
  for (const path of [
    `12:memory:/docker/${id}`,
    `0::/system.slice/docker-${id}.scope`,
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
    `1:name=systemd:/kubepods/besteffort/pod7/${id}\n0::/x`,
    `0::/machine.slice/libpod-${id}.scope/container`,
  ]) {
    expect(parseContainerId(path), path).toBe('3f4e8a9b0c1d');
  }
  expect(parseContainerId('0::/lxc.payload.web1/system.slice')).toBe('web1');
  expect(parseContainerId('0::/machine.slice/machine-old\\x2dapp.scope')).toBe('old-app');
  expect(parseContainerId('0::/user.slice/user-0.slice/session-4.scope')).toBeUndefined();
  expect(parseContainerId('4:memory:/process_api/b606f7f05005d1a5a449a002e7b7fd94')).toBeUndefined();
});

test('machine: guest time is not counted twice, memory in bytes', () => {
  expect(parseMachineCpu('cpu  10 1 5 100 4 1 1 3 7 0\ncpu0 1 1')).toEqual({
    busyTicks: 21,
    stealTicks: 3,
    totalTicks: 125,
  });
  expect(parseMachineCpu('')).toBeUndefined();
  const proc = draw({ meminfo: 'MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  500 kB\n' });
  expect(readMachineMemory(proc)).toEqual({ totalBytes: 1_024_000, availableBytes: 512_000 });
  expect(parseProportionalBytes('Rss: 10 kB\nPss:                  55 kB\nPss_Dirty: 1 kB\n')).toBe(56_320);
});

test('memory map: lookup by address', () => {
  const mappings = parseMemoryMap(
    '00400000-00b72000 r-xp 00001000 08:01 42   /usr/bin/my node (x)\n7f00a000-7f40a000 rw-p 00000000 00:00 0 \nrubbish\n',
  );
  expect(mappings).toHaveLength(2);
  expect(mappings[0]).toMatchObject({ path: '/usr/bin/my node (x)', offset: 4096, permissions: 'r-xp' });
  expect(mappingAt(mappings, 0x400000)).toBe(mappings[0]);
  expect(mappingAt(mappings, 0xb72000)).toBeUndefined();
  expect(mappingAt(mappings, 0x7f40_9fff)).toBe(mappings[1]);
});

test('system calls by architecture', () => {
  const line = '232 0xd 0x7ffe0 0x400 0xffffffffffffffff 0x0 0x8 0x7ffe1000 0x7f2a\n';
  expect(parseSystemCall(line, 'x64')).toMatchObject({ name: 'epoll_wait', stackPointer: 0x7ffe1000 });
  expect(parseSystemCall(line.replace('232', '56'), 'arm64')).toMatchObject({ name: 'openat' });
  expect(parseSystemCall('running\n')).toBeUndefined();
  expect(parseSystemCall('-1 0x7ffe1000 0x7f2a\n')).toBeUndefined();
});

test('no parser throws or hangs on rubbish', () => {
  const line = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constant(drawStatus({})),
    fc.constant(drawStat({ pid: 1 })),
  );
  const rubbish = fc.array(line).map((lines) => lines.join('\n'));
  const parsers = [
    parseProcessStat,
    parseProcessStatus,
    parseCommandLine,
    parseListeningSockets,
    parseScheduleStat,
    parseThrottledUs,
    parseCgroupMounts,
    parseContainerId,
    parseMachineCpu,
    parseProportionalBytes,
    parseMemoryMap,
    parseSystemCall,
    countCpuList,
  ];
  fc.assert(
    fc.property(rubbish, fc.nat(), (text, cut) => {
      for (const parse of parsers) expect(() => parse(text.slice(0, cut % (text.length + 1)))).not.toThrow();
    }),
  );
});
