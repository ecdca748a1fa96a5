import { MemoryArchive } from '../../../../tests/fakes/memoryArchive';
import { MemoryRawSource } from '../../../../tests/fakes/memoryRawSource';
import { PromkeepError } from '../../model/errors';
import { rawWarning } from './rawWarning';

it('warns of a source that could give our own data back, while there are raw series', async () => {
  const archive = new MemoryArchive();
  const source = new MemoryRawSource();
  const warning = () => rawWarning(archive, source, new AbortController().signal);
  source.told = { ...source.told, readsOthers: 'recent' };
  expect(await warning()).toBeUndefined();
  const raw = { name: 'node', expression: 'up', raw: true, stepMs: 60_000, retention: '1y' };
  await archive.definitions.provision([raw]);
  expect(await warning()).toContain('read_recent: true');
  source.told = { ...source.told, readsOthers: 'older' };
  expect(await warning()).toContain('prometheus_tsdb_lowest_timestamp_seconds');
  source.told = { ...source.told, lowestMs: 1 };
  expect(await warning()).toBeUndefined();
  source.holdings = async () => Promise.reject(new PromkeepError('SOURCE_UNREACHABLE', 'away'));
  expect(await warning()).toBeUndefined();
});
