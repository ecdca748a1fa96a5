import { describeArchiveContract } from '../contracts/archiveContract';
import { SERVERS, TestServer } from './archiveServers';

jest.setTimeout(120_000);

describe.each(SERVERS)('on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  describeArchiveContract('PostgreSQL', async () => {
    const url = await test.freshDatabase();
    return { open: async (source) => test.archive(url, { source }), dispose: () => test.closeAll() };
  });
});
