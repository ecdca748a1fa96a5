import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import sea from 'node:sea';
import { Worker } from 'node:worker_threads';
import { ParserPool } from './parserPool';

/** The worker's program: beside the bundle, and inside the executable under the same name. */
const PROGRAM = 'answerWorker.js';
/** Each takes about 15 MB once it has run; more than these no Grafana keeps busy. */
const MAX_WORKERS = 4;

/**
 * Threads for large answers, as many as there are processors besides the one for everything else. `undefined` where that is
 * none, or where the worker's program is not at hand, as when the sources run as they are: then answers are parsed in turns.
 */
export function createParserPool(): ParserPool | undefined {
  const size = Math.min(MAX_WORKERS, availableParallelism() - 1);
  const start = size > 0 ? workerStarter() : undefined;
  return start && new ParserPool(start, size);
}

function workerStarter(): (() => Worker) | undefined {
  if (sea.isSea()) {
    return () => new Worker(sea.getAsset(PROGRAM, 'utf8'), { eval: true, name: 'parser' });
  }
  const file = path.join(__dirname, PROGRAM);
  return existsSync(file) ? () => new Worker(file, { name: 'parser' }) : undefined;
}
