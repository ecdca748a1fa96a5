import { describeDefinitionsContract } from '../contracts/definitionsContract';
import { describeLeaseContract } from '../contracts/leaseContract';
import { describeLedgerContract } from '../contracts/ledgerContract';
import { describeSampleStoreContract } from '../contracts/sampleStoreContract';
import { packed, plain, samplesElsewhere } from './archiveBegin';
import { SERVERS, TestServer } from './archiveServers';

jest.setTimeout(120_000);

describe.each(SERVERS)('on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  describeSampleStoreContract('PostgreSQL', plain(test));
  describeSampleStoreContract('PostgreSQL, packed after every write', packed(test));
  describeSampleStoreContract('in memory, beside the ledger of PostgreSQL', samplesElsewhere(test));
  describeLedgerContract('PostgreSQL', plain(test));
  describeLedgerContract('PostgreSQL, packed after every write', packed(test));
  describeLeaseContract('PostgreSQL', plain(test));
  describeDefinitionsContract('PostgreSQL', plain(test));
});
