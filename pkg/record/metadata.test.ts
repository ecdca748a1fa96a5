import { MemoryArchive } from '../../tests/fakes/memoryArchive';
import { MemoryRawSource } from '../../tests/fakes/memoryRawSource';
import { PromkeepError } from '../core/model/errors';
import { openMetadata } from './metadata';

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('copies metadata every hour while raw series are kept, and sooner after a failure', async () => {
  const archive = new MemoryArchive();
  const source = new MemoryRawSource();
  let asked = 0;
  source.metadata = async () => [{ metric: 'up', type: 'gauge', help: `asked ${++asked}`, unit: '' }];
  const clock = { ms: 0, nowMs: () => clock.ms };
  const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const rawReading = { source, readSelectors: () => [], pieceMs: 1, settleMs: 1 };
  const tell = openMetadata({ archive, rawReading, monotonicClock: clock, logger }, new AbortController().signal);
  const at = async (ms: number, raw = true): Promise<string | undefined> => {
    clock.ms = ms;
    tell([{}, { raw }]);
    await settle();
    archive.down = undefined;
    return (await archive.raw.metadata({})).at(0)?.help;
  };
  expect(await at(0, false)).toBeUndefined();
  expect(await at(2_000)).toBe('asked 1');
  expect(await at(3_600_000)).toBe('asked 1');
  archive.down = new PromkeepError('ARCHIVE_UNREACHABLE', 'away');
  expect(await at(3_602_000)).toBe('asked 1');
  expect(await at(3_901_999)).toBe('asked 1');
  expect(await at(3_902_000)).toBe('asked 3');
});
