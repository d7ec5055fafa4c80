import { expect, it } from 'vitest';
import { frameStage } from './v8-prologue.ts';

/** Node 22, TurboFan: checks of the code, push rbp; mov rbp, rsp; push rsi, rdi, rax; sub rsp, 0x58; … */
const ENTRY = '488b59e8f64332200f85f253e01f';
const FRAME = '554889e5565750';
const BODY = '4883ec58488975e04c8d9424e0fdffff';
const CODE = Buffer.concat([Buffer.from(ENTRY + FRAME + BODY, 'hex'), Buffer.alloc(64, 0x90)]);

const at = (done: number) => frameStage(CODE, CODE.subarray(done), done);

it('has no frame before and within `push rbp; mov rbp, rsp`', () => {
  expect(at(0)).toEqual({ kind: 'frameless', returnAddress: 0 });
  expect(at(14)).toEqual({ kind: 'frameless', returnAddress: 0 });
  expect(at(15)).toEqual({ kind: 'frameless', returnAddress: 8 });
});

it('knows the depth while it pushes and reserves', () => {
  expect(at(18)).toEqual({ kind: 'exact', depth: 0 });
  expect(at(19)).toEqual({ kind: 'exact', depth: 8 });
  expect(at(21)).toEqual({ kind: 'exact', depth: 24 });
  expect(at(25)).toMatchObject({ kind: 'body', depth: 24 + 0x58 });
  expect(at(40)).toMatchObject({ kind: 'body', depth: 24 + 0x58 });
});

it('knows the ways out: TurboFan, Maglev, plain', () => {
  for (const epilogue of ['4883f9027f03c21000', '7f03c21000', '4983f8020f8f03000000c21000', 'c20800', 'c3']) {
    const stage = frameStage(CODE, Buffer.from(epilogue, 'hex'), 60);
    expect(stage).toEqual({ kind: 'frameless', returnAddress: 0 });
  }
  // pop rbp: the stack pointer is where the frame pointer points to.
  expect(frameStage(CODE, Buffer.from('5d4883f902', 'hex'), 60)).toEqual({ kind: 'exact', depth: 0 });
});

it('marks typed frames, and gives up where it does not know', () => {
  const stub = Buffer.concat([Buffer.from('554889e56a224883ec10', 'hex'), Buffer.alloc(64, 0x90)]);
  expect(frameStage(stub, Buffer.of(0x90), 30)).toEqual({ kind: 'body', depth: 24, marker: 0x22 });
  expect(frameStage(Buffer.alloc(96, 0x90), Buffer.of(0x90), 30)).toEqual({ kind: 'unknown' });
  expect(frameStage(Buffer.alloc(0), Buffer.alloc(0), 0)).toEqual({ kind: 'unknown' });
});
