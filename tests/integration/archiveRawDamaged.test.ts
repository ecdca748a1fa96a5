import fc from 'fast-check';
import { type Client } from 'pg';
import { type Chunk } from '../../pkg/core/model/rawSeries';
import { chunksOfHistograms, chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { anyHistograms, SEED } from '../fakes/remoteValues';
import { chunkBytes } from './archiveRawRows';
import { SERVERS, TestServer } from './archiveServers';

/** Chunks that the owner of the tables, or a broken disk, has made: an error soon, no samples that nobody wrote. */
jest.setTimeout(120_000);

const DAMAGED = 'XX001';

describe.each(SERVERS)('damaged chunks on $name', (server) => {
  const test = new TestServer(server);
  let client: Client;

  beforeAll(async () => {
    await test.start();
    const url = await test.freshDatabase();
    await test.archive(url).migrate();
    client = await test.client(url);
    await client.query(`SET statement_timeout = '2s'`);
  });
  afterAll(() => test.stop());

  /** The SQLSTATE of reading them; `undefined`: they can be read. */
  const faultOf = async (bytes: Buffer): Promise<string | undefined> => {
    const names = ['promkeep_decode_xor($1, NULL, NULL)', 'promkeep_decode_histograms($1, NULL, NULL, true)'];
    for (const name of names) {
      try {
        await client.query(`SELECT count(*) FROM ${name}`, [bytes]);
      } catch (error) {
        return (error as { code: string }).code;
      }
    }
    return undefined;
  };
  const chunkOf = (encoding: Chunk['encoding'], data: Uint8Array): Buffer =>
    chunkBytes([{ minTimeMs: 0, maxTimeMs: 1, encoding, data }]);

  it('are an error wherever they are cut off', async () => {
    const timesMs = Float64Array.from({ length: 50 }, (_, i) => 1_767_225_600_000 + i * 15_000 + (i % 3));
    const [floats] = chunksOfSamples({ timesMs, values: timesMs.map((_, i) => Math.sin(i)) });
    const [made] = fc.sample(
      anyHistograms.filter(([one]) => one !== undefined && one.positive.values.length > 3),
      SEED
    );
    for (const { encoding, data } of [floats, chunksOfHistograms(made)[0]]) {
      expect(await faultOf(chunkOf(encoding, data))).toBeUndefined();
      for (let length = 2; length < data.length - 1; length++) {
        expect([length, await faultOf(chunkOf(encoding, data.subarray(0, length)))]).toEqual([length, DAMAGED]);
      }
      const row = chunkOf(encoding, data);
      expect(await faultOf(row.subarray(0, row.length - 1))).toBe(DAMAGED);
    }
  });

  it('are no endless loop, whatever they say of how much follows', async () => {
    expect(await faultOf(chunkOf('histogram', Buffer.from('00010000afcb00c6', 'hex')))).toBe(DAMAGED);
    // 65,535 histograms, of which the bytes hold none
    expect(await faultOf(chunkOf('histogram', Buffer.from('ffff' + '00'.repeat(8_000), 'hex')))).toBe(DAMAGED);
    expect(await faultOf(chunkOf('xor', Buffer.from('ffff' + '00'.repeat(20), 'hex')))).toBe(DAMAGED);
  });

  it('of any bytes end at once', async () => {
    const encodings = fc.constantFrom<Chunk['encoding']>('xor', 'histogram', 'floatHistogram');
    const bytes = fc.uint8Array({ minLength: 2, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(encodings, bytes, async (encoding, data) => {
        expect(await faultOf(chunkOf(encoding, data))).not.toBe('57014');
      }),
      { ...SEED, numRuns: 500 }
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (row) => {
        expect(await faultOf(Buffer.from(row))).not.toBe('57014');
      }),
      { ...SEED, numRuns: 300 }
    );
  });
});
