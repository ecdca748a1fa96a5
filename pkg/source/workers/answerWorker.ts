/** The program of the worker threads, which parse large answers: an entry of the build, like main.ts. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { isTooManySeries } from '../../core/memory/answerMemory';
import { AnswerParser } from '../answer/parser/answerParser';
import { MalformedAnswer } from '../answer/parser/malformedAnswer';
import { packEnvelope } from './packedAnswer';
import { type FromWorker, type ToWorker } from './workerMessages';

/** Parses several answers in turns, chunk by chunk as they come. */
function serve(port: MessagePort): void {
  const parsers = new Map<number, AnswerParser>();
  const say = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

  const take = (message: ToWorker): void => {
    const { id } = message;
    if (message.kind === 'drop') {
      parsers.delete(id);
      return;
    }
    const parser = parsers.get(id) ?? new AnswerParser(message.kind === 'chunk' ? message.maxSeries : undefined);
    parsers.set(id, parser);
    if (message.kind === 'chunk') {
      parser.feed(message.bytes);
      say({ kind: 'taken', id, memoryBytes: parser.memoryBytes });
      return;
    }
    const { packed, transfer } = packEnvelope(parser.finish());
    parsers.delete(id);
    say({ kind: 'parsed', id, packed }, transfer);
  };

  port.on('message', (message: ToWorker) => {
    try {
      take(message);
    } catch (error) {
      const { id } = message;
      parsers.delete(id);
      if (error instanceof MalformedAnswer) {
        say({ kind: 'malformed', id, message: error.message, offset: error.offset });
      } else if (isTooManySeries(error)) {
        say({ kind: 'refused', id });
      } else {
        say({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
      }
    }
  });
}

if (parentPort) {
  serve(parentPort);
}
