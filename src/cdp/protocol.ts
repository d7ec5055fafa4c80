import type { ProtocolMapping } from 'devtools-protocol/types/protocol-mapping.d.ts';

/** Parameters and results of the methods that only Node has (node/src/inspector/node_protocol.pdl). */
interface NodeCommands {
  'NodeWorker.enable': { paramsType: [{ waitForDebuggerOnStart: boolean }]; returnType: undefined };
  'NodeWorker.disable': { paramsType: []; returnType: undefined };
  'NodeWorker.sendMessageToWorker': {
    paramsType: [{ message: string; sessionId: string }];
    returnType: undefined;
  };
  'NodeWorker.detach': { paramsType: [{ sessionId: string }]; returnType: undefined };
  'NodeRuntime.notifyWhenWaitingForDisconnect': { paramsType: [{ enabled: boolean }]; returnType: undefined };
}

/** What holter's bridge understands beside the protocol. */
interface BridgeCommands {
  'Holter.leave': { paramsType: []; returnType: undefined };
  /** Pauses of longer are ended by the bridge itself; 0 = no limit. */
  'Holter.limitPauses': { paramsType: [{ ms: number }]; returnType: undefined };
}

interface NodeEvents {
  'NodeWorker.attachedToWorker': [
    {
      sessionId: string;
      workerInfo: { workerId: string; type: string; title: string; url: string };
      waitingForDebugger: boolean;
    },
  ];
  'NodeWorker.detachedFromWorker': [{ sessionId: string }];
  'NodeWorker.receivedMessageFromWorker': [{ sessionId: string; message: string }];
  'NodeRuntime.waitingForDisconnect': [];
}

/** What holter's bridge sends of itself, beside the protocol (target/bridge-source.ts). */
interface BridgeEvents {
  'Holter.sample': [BridgeSample];
  'Holter.events': [BridgeBatch];
  'Holter.stack': [BridgeStack];
}

/** One reading of the shared counters, every 100 ms, whether or not the loop turns. Times: CLOCK_MONOTONIC ms. */
export interface BridgeSample {
  time: number;
  /** When the main loop last ran holter's ticker, and when it last refreshed the numbers below. */
  beat: number;
  beats: number;
  refreshed: number;
  heapUsed: number;
  heapTotal: number;
  external: number;
  arrayBuffers: number;
  eluActive: number;
  eluIdle: number;
  requests: number;
  resources: number;
  /** libuv loop iterations so far; 0 where Node does not tell. */
  loops: number;
  gcMs: number;
  /** Longest delay of the ticker since the refresh before. */
  delay: number;
}

export interface BridgeBatch {
  blocked: { at: number; ms: number }[];
  gc: { at: number; ms: number; kind: number; used: number; external: number }[];
}

export interface BridgeStack {
  time: number;
  lateMs: number;
  beat: number;
  asyncId: number;
  /** Innermost first: [function, url, line, column, async 0|1], line and column 1-based. */
  frames: [string, string, number, number, number][];
}

type Commands = ProtocolMapping.Commands & NodeCommands & BridgeCommands;
type Events = ProtocolMapping.Events & NodeEvents & BridgeEvents;

export type Method = keyof Commands;
export type EventName = keyof Events;
export type Params<M extends Method> = Commands[M]['paramsType'];
export type Result<M extends Method> = Commands[M]['returnType'];
export type EventParams<E extends EventName> = Events[E] extends [infer P, ...unknown[]] ? P : undefined;
