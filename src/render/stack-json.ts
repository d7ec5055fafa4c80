import type { ThreadMovement } from '../postmortem/compare-looks.ts';
import type { StackFrame, ThreadStack } from '../postmortem/stack-frame.ts';
import { renderJsonDocument } from './json-document.ts';
import type { StackDocument } from './stack-document.ts';
import { nameOfFrame, packageOfFrame, partyOfFrame, placeOf, plainNativeName } from './stack-names.ts';
import { hotFrame } from './stack-rows.ts';
import { movementText } from './stack-text.ts';
import { buildJsonValue } from './value-json.ts';
import { hexAddress } from './value-text.ts';

/** `holter.stack/1` (docs/formats/stack-json.md): all threads with all frames, nothing folded. */
export function renderStackJson(document: StackDocument): string {
  return renderJsonDocument(buildStackJson(document));
}

export function buildStackJson(document: StackDocument): object {
  const { report, target, excerpt } = document;
  const { cwd } = target;
  return {
    schema: 'holter.stack/1',
    target: { ...target, node: report.nodeVersion, v8: report.v8Version, source: report.name },
    at: document.at,
    wasStopped: document.wasStopped === true,
    pausesMs: document.pausesMs,
    ...(report.crash === undefined
      ? {}
      : {
          crash: {
            signal: report.crash.signal,
            name: report.crash.name,
            ...(report.crash.address === undefined ? {} : { address: hexAddress(report.crash.address) }),
            ...(document.reason === undefined ? {} : { reason: document.reason }),
            ...(document.exception === undefined ? {} : { exception: buildJsonValue(document.exception) }),
          },
        }),
    threads: report.threads.map((thread) =>
      jsonThread(
        thread,
        cwd,
        document.movements.find(({ tid }) => tid === thread.tid),
      ),
    ),
    ...(excerpt === undefined ? {} : { source: excerpt }),
    problems: report.problems,
    next: document.next,
    actions: document.pausesMs.map((pauseMs) => ({
      what: document.wasStopped
        ? 'memory read; it was stopped before and left so'
        : 'stopped, memory read, continued',
      at: document.at,
      pauseMs,
    })),
  };
}

function jsonThread(thread: ThreadStack, cwd: string, movement: ThreadMovement | undefined): object {
  const { frames, ...rest } = thread;
  const hot = hotFrame(frames, cwd);
  return {
    ...rest,
    ...(movement === undefined
      ? {}
      : {
          movement: {
            kind: movement.kind,
            text: movementText(movement),
            looks: movement.looks,
            seconds: movement.spanMs / 1000,
            lines: movement.lines,
            ...(movement.within === undefined ? {} : { within: nameOfFrame(movement.within) }),
          },
        }),
    hotFrame: hot,
    frames: frames.map((frame, index) => jsonFrame(frame, index, cwd)),
  };
}

function jsonFrame(frame: StackFrame, index: number, cwd: string): object {
  const base = {
    index,
    kind: frame.kind,
    party: partyOfFrame(frame, cwd),
    pc: addressOrNull(frame.pc),
    fp: addressOrNull(frame.fp),
  };
  if (frame.kind !== 'js')
    return {
      ...base,
      function: plainNativeName(frame.name),
      name: frame.name,
      library: frame.file,
      ...(frame.offset === undefined ? {} : { offset: frame.offset }),
      ...(frame.lost ? { framesMayBeMissingAbove: true } : {}),
    };
  const { place } = frame;
  const packageName = packageOfFrame(frame, cwd);
  return {
    ...base,
    function: nameOfFrame(frame),
    ...(place === undefined
      ? {}
      : {
          ...placeOf(place),
          precision: place.precision,
          url: place.url,
          ...(place.original === undefined ? {} : { generated: { line: place.line, column: place.column } }),
        }),
    ...(packageName === '' ? {} : { package: packageName }),
    tier: frame.tier,
    inlined: frame.isInlined,
    constructor: frame.isConstructor,
    async: frame.isAsync,
    ...(frame.functionAddress === undefined ? {} : { functionAddress: hexAddress(frame.functionAddress) }),
    ...(frame.receiver === undefined ? {} : { receiver: buildJsonValue(frame.receiver) }),
    ...(frame.arguments === undefined
      ? {}
      : { arguments: frame.arguments.map(({ name, value }) => ({ name, value: buildJsonValue(value) })) }),
  };
}

function addressOrNull(address: number): string | null {
  return Number.isNaN(address) ? null : hexAddress(address);
}
