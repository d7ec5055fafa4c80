/**
 * Names of the system calls a Node process is found waiting in. Numbers from the kernel's
 * arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (arm64).
 */
const X64: Record<number, string> = {
  0: 'read',
  1: 'write',
  2: 'open',
  7: 'poll',
  17: 'pread64',
  18: 'pwrite64',
  19: 'readv',
  20: 'writev',
  23: 'select',
  35: 'nanosleep',
  42: 'connect',
  43: 'accept',
  44: 'sendto',
  45: 'recvfrom',
  46: 'sendmsg',
  47: 'recvmsg',
  61: 'wait4',
  72: 'fcntl',
  73: 'flock',
  74: 'fsync',
  75: 'fdatasync',
  78: 'getdents',
  202: 'futex',
  217: 'getdents64',
  230: 'clock_nanosleep',
  232: 'epoll_wait',
  247: 'waitid',
  257: 'openat',
  262: 'newfstatat',
  270: 'pselect6',
  271: 'ppoll',
  281: 'epoll_pwait',
  295: 'preadv',
  296: 'pwritev',
  332: 'statx',
  426: 'io_uring_enter',
  441: 'epoll_pwait2',
};

const ARM64: Record<number, string> = {
  22: 'epoll_pwait',
  25: 'fcntl',
  32: 'flock',
  56: 'openat',
  61: 'getdents64',
  63: 'read',
  64: 'write',
  65: 'readv',
  66: 'writev',
  67: 'pread64',
  68: 'pwrite64',
  72: 'pselect6',
  73: 'ppoll',
  79: 'newfstatat',
  82: 'fsync',
  83: 'fdatasync',
  95: 'waitid',
  98: 'futex',
  101: 'nanosleep',
  115: 'clock_nanosleep',
  202: 'accept',
  203: 'connect',
  206: 'sendto',
  207: 'recvfrom',
  211: 'sendmsg',
  212: 'recvmsg',
  260: 'wait4',
  291: 'statx',
  426: 'io_uring_enter',
  441: 'epoll_pwait2',
};

/** Name of a system call, `system call 999` for those not in the list. */
export function systemCallName(number: number, architecture: string = process.arch): string {
  const names = architecture === 'arm64' ? ARM64 : X64;
  return names[number] ?? `system call ${number}`;
}

/** Calls whose first argument is a file descriptor. */
const ON_DESCRIPTOR = new Set([
  'read',
  'write',
  'pread64',
  'pwrite64',
  'readv',
  'writev',
  'preadv',
  'pwritev',
  'connect',
  'accept',
  'sendto',
  'recvfrom',
  'sendmsg',
  'recvmsg',
  'fcntl',
  'flock',
  'fsync',
  'fdatasync',
  'getdents',
  'getdents64',
]);

/** Does this call wait on the descriptor given as first argument? */
export function takesDescriptor(name: string): boolean {
  return ON_DESCRIPTOR.has(name);
}

/** Which argument (0-based) points to a path in the target's memory; undefined when none does. */
export function pathArgument(name: string): number | undefined {
  if (name === 'open') return 0;
  return name === 'openat' || name === 'newfstatat' || name === 'statx' ? 1 : undefined;
}
