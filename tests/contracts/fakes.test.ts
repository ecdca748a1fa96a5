import { MemoryArchive, MemoryTables } from '../fakes/memoryArchive';
import { MemorySource } from '../fakes/memorySource';
import { describeArchiveContract } from './archiveContract';
import { describeBucketContract } from './archiveBucketContract';
import { describeHistoryContract } from './archiveHistoryContract';
import { describeSourceContract, SOURCE_CONTRACT_EXPRESSIONS } from './sourceContract';

describeArchiveContract('in memory', async () => {
  const tables = new MemoryTables();
  return { open: async (source) => new MemoryArchive(source, tables), dispose: async () => {} };
});

describeHistoryContract('in memory', async () => {
  const tables = new MemoryTables();
  return { open: async (source) => new MemoryArchive(source, tables), dispose: async () => {} };
});

describeBucketContract('in memory', async () => {
  const tables = new MemoryTables();
  return { open: async (source) => new MemoryArchive(source, tables), dispose: async () => {} };
});

describeSourceContract('in memory', async () => {
  const expressions = SOURCE_CONTRACT_EXPRESSIONS;
  const source = new MemorySource({
    [expressions.time]: { vector: (timeMs) => [{ labels: {}, value: timeMs / 1000 }] },
    [expressions.nan]: { vector: () => [{ labels: {}, value: NaN }] },
    [expressions.infinity]: { vector: () => [{ labels: {}, value: Infinity }] },
    [expressions.labelled]: { vector: () => [{ labels: { a: 'b' }, value: 1 }] },
    [expressions.scalar]: { scalar: () => 2 },
    [expressions.string]: { string: 'abc' },
    [expressions.empty]: { vector: () => [] },
  });
  return { source, dispose: async () => {} };
});
