import { expect, test } from 'vitest';
import { parseLimits, readLimits } from './process-limits.ts';
import { parseInternetSockets } from './sockets.ts';

test('limits as the kernel prints them', () => {
  const text = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max stack size            8388608              unlimited            bytes     
Max open files            1024                 524288               files     
Max nice priority         0                    0                    
`;
  expect(parseLimits(text)).toEqual([
    { name: 'Max cpu time', soft: Infinity, hard: Infinity, unit: 'seconds' },
    { name: 'Max stack size', soft: 8388608, hard: Infinity, unit: 'bytes' },
    { name: 'Max open files', soft: 1024, hard: 524288, unit: 'files' },
    { name: 'Max nice priority', soft: 0, hard: 0, unit: '' },
  ]);
  expect(parseLimits('')).toEqual([]);
});

test('our own limits, and those of nobody', () => {
  expect(readLimits(process.pid)?.some(({ name }) => name === 'Max open files')).toBe(true);
  expect(readLimits(2 ** 30)).toBeUndefined();
});

test('sockets with both ends', () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0100007F:9C40 0200A8C0:01BB 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 -1
   rubbish
`;
  expect(parseInternetSockets(text, 'tcp')).toEqual([
    {
      protocol: 'tcp',
      local: { address: '127.0.0.1', port: 8080 },
      peer: { address: '0.0.0.0', port: 0 },
      isListening: true,
      inode: 111,
    },
    {
      protocol: 'tcp',
      local: { address: '127.0.0.1', port: 40000 },
      peer: { address: '192.168.0.2', port: 443 },
      isListening: false,
      inode: 222,
    },
  ]);
});
