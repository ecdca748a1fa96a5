import { describeRawStoreContract } from '../contracts/rawStoreContract';
import { plain } from './archiveBegin';
import { SERVERS, TestServer } from './archiveServers';

jest.setTimeout(120_000);

describe.each(SERVERS)('on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  describeRawStoreContract('PostgreSQL', plain(test));
});
