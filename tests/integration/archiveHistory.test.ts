import { describeBucketContract } from '../contracts/archiveBucketContract';
import { describeHistoryContract } from '../contracts/archiveHistoryContract';
import { type Upkeep } from '../../pkg/archive/upkeep/upkeep';
import { type Archive } from '../../pkg/core/ports/archive';
import { type SampleStore } from '../../pkg/core/ports/sampleStore';
import { SERVERS, TestServer } from './archiveServers';

jest.setTimeout(120_000);

type Begin = Parameters<typeof describeHistoryContract>[1];

describe.each(SERVERS)('on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  const plain: Begin = async () => {
    const url = await test.freshDatabase();
    return { open: async (source) => test.archive(url, { source }), dispose: () => test.closeAll() };
  };
  const packed: Begin = async () => {
    const url = await test.freshDatabase();
    const jobs = test.jobs(url);
    return {
      open: async (source) => packedAfterWrites(test.archive(url, { source }), jobs),
      dispose: () => test.closeAll(),
    };
  };

  for (const describeContract of [describeHistoryContract, describeBucketContract]) {
    describeContract('PostgreSQL', plain);
    describeContract('PostgreSQL, packed after every write', packed);
  }
});

function packedAfterWrites(archive: Archive, jobs: Upkeep): Archive {
  const writeRange: SampleStore['writeRange'] = async (write, signal) => {
    const outcome = await archive.samples.writeRange(write, signal);
    await jobs.packClosed(new AbortController().signal);
    return outcome;
  };
  return { ...archive, samples: { ...archive.samples, writeRange } };
}
