import { type PackedEnvelope } from './packedAnswer';

/** What the main thread says. `id` names an answer; its chunks come in order. */
export type ToWorker =
  | { kind: 'chunk'; id: number; bytes: Uint8Array; maxSeries?: number }
  | { kind: 'end'; id: number }
  /** Nobody waits for the answer any more. */
  | { kind: 'drop'; id: number };

/** What a worker says. After `parsed`, `malformed`, `refused` and `failed` it has forgotten the answer. */
export type FromWorker =
  /** A chunk was parsed, and another may come. `memoryBytes`: what the answer so far takes at its most. */
  | { kind: 'taken'; id: number; memoryBytes: number }
  | { kind: 'parsed'; id: number; packed: PackedEnvelope }
  | { kind: 'malformed'; id: number; message: string; offset: number }
  /** The answer has more series than are wanted. */
  | { kind: 'refused'; id: number }
  | { kind: 'failed'; id: number; message: string };
