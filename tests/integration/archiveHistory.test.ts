import { describeBucketContract } from '../contracts/historyBucketsContract';
import { describeHistoryContract } from '../contracts/historyContract';
import { packed, plain } from './archiveBegin';
import { SERVERS, TestServer } from './archiveServers';

jest.setTimeout(120_000);

describe.each(SERVERS)('on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  for (const describeContract of [describeHistoryContract, describeBucketContract]) {
    describeContract('PostgreSQL', plain(test));
    describeContract('PostgreSQL, packed after every write', packed(test));
  }
});
