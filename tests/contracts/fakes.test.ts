import { type SourceIdentity } from '../../pkg/core/ports/archive';
import { MemoryArchive } from '../fakes/memoryArchive';
import { MemorySource } from '../fakes/memorySource';
import { describeDefinitionsContract } from './definitionsContract';
import { describeBucketContract } from './historyBucketsContract';
import { describeHistoryContract } from './historyContract';
import { describeLeaseContract } from './leaseContract';
import { describeLedgerContract } from './ledgerContract';
import { describeRawStoreContract } from './rawStoreContract';
import { describeSampleStoreContract } from './sampleStoreContract';
import { describeSourceContract, SOURCE_CONTRACT_EXPRESSIONS } from './sourceContract';

const begin = async () => {
  const archives = new Map<string, MemoryArchive>();
  return {
    async open({ orgId, name }: SourceIdentity) {
      const key = JSON.stringify([orgId, name]);
      const archive = archives.get(key) ?? new MemoryArchive();
      archives.set(key, archive);
      return archive;
    },
    dispose: async () => {},
  };
};

describeSampleStoreContract('in memory, beside the ledger in memory', begin);
describeLedgerContract('in memory', begin);
describeLeaseContract('in memory', begin);
describeDefinitionsContract('in memory', begin);
describeHistoryContract('in memory', begin);
describeBucketContract('in memory', begin);
describeRawStoreContract('in memory', begin);

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
