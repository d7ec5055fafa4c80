import { expect, test } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { parseValuePath } from './value-path.ts';

const address = (value: number) => ({ kind: 'address', address: value });
const frame = (number: number) => ({ kind: 'frame', frame: number });

test.each([
  ['0x2f3ac1', address(0x2f3ac1), []],
  ['@0x2F3ac1.socket.remotePort', address(0x2f3ac1), ['socket', 'remotePort']],
  ['3', frame(3), []],
  ['0:req.url', frame(0), ['req', 'url']],
  ['3:this.#secret', frame(3), ['this', '#secret']],
  ['12:arg0[2]["a \\"key\\""].b', frame(12), ['arg0', '2', 'a "key"', 'b']],
  ["3:map['x.y']", frame(3), ['map', 'x.y']],
  ['3:job.[[PromiseResult]]', frame(3), ['job', '[[PromiseResult]]']],
  ['3:job[[PromiseResult]].id', frame(3), ['job', '[[PromiseResult]]', 'id']],
  ['frame 5 arg 1 .url', frame(5), ['arg1', 'url']],
  ['frame 5', frame(5), []],
  ['frame 5 this', frame(5), ['this']],
  ['5 req .headers [0]', frame(5), ['req', 'headers', '0']],
  ['3.req', frame(3), ['req']],
  ['3:größe.名', frame(3), ['größe', '名']],
  ['login:req.url', { kind: 'function', function: 'login' }, ['req', 'url']],
  ['Store.find:this', { kind: 'function', function: 'Store.find' }, ['this']],
  ['login:', { kind: 'function', function: 'login' }, []],
])('%s', (text, root, keys) => {
  expect(parseValuePath(text)).toMatchObject({ root, keys });
});

test.each([
  '',
  'req.url',
  '0:req..url',
  '0:req[',
  '0x',
  '0x0',
  '0:req["a]',
  '0:a b',
  '-1',
  'x'.repeat(3000),
  '0xffffffffffffffff',
])('refused: %s', (text) => expect(() => parseValuePath(text)).toThrow(HolterError));
