import { type Samples } from '../pkg/core/model/series';
import { type RawSeries } from '../pkg/core/model/rawSeries';
import { chunksOfSamples } from '../pkg/remote/chunks/seriesChunks';
import { decodeXorChunk } from '../pkg/remote/chunks/xorChunk';
import { crc32c } from '../pkg/remote/frames/crc32c';
import { framesOf } from '../pkg/remote/frames/seriesFrames';
import { encodeReadResponse } from '../pkg/remote/messages/readResponse';
import { SampledResponse } from '../pkg/remote/messages/sampledResponse';
import { SampleColumns } from '../pkg/remote/sampleColumns';
import { compress } from '../pkg/remote/snappy';

/**
 * The codecs of remote read alone: 1,000 series × 1,440 samples (a third each of counters, two decimals, random floats). Prints JSON,
 * milliseconds, best and median. `npx tsx bench/remoteCodecs.ts [rounds]`
 */
const ROUNDS = Number(process.argv[2] ?? 9);
const [SERIES, POINTS, STEP_MS] = [1_000, 1_440, 15_000];
const START_MS = 1_790_000_000_000;

const KINDS: Array<(i: number, before: number) => number> = [
  (i, before) => (i === 0 ? 0 : before + Math.floor(Math.random() * 100)),
  () => Math.round(Math.random() * 10_000) / 100,
  () => Math.random(),
];

function samplesOf(series: number): Samples {
  const values = new Float64Array(POINTS);
  for (let i = 0; i < POINTS; i++) {
    values[i] = KINDS[series % KINDS.length](i, values[i - 1]);
  }
  return { timesMs: Float64Array.from({ length: POINTS }, (_, i) => START_MS + i * STEP_MS), values };
}

const all: RawSeries[] = Array.from({ length: SERIES }, (_, series) => ({
  labels: [
    { name: '__name__', value: 'bench_value' },
    { name: 'instance', value: '127.0.0.1:9100' },
    { name: 'job', value: 'bench' },
    { name: 'series', value: String(series) },
  ],
  chunks: chunksOfSamples(samplesOf(series)),
}));

function decode({ labels, chunks }: RawSeries): { labels: RawSeries['labels']; samples: Samples } {
  const columns = new SampleColumns();
  chunks.forEach(({ data }) => decodeXorChunk(data, columns));
  return { labels, samples: columns.samples() };
}

function frames(): number {
  let bytes = 0;
  for (const { labels, chunks } of all) {
    for (const frame of framesOf([...labels], chunks, 0)) {
      bytes += frame.length;
    }
  }
  return bytes;
}

const columns = new SampleColumns();
const message = Buffer.alloc(6_700_000, 'bytes of chunks');
const WORK: Record<string, () => number> = {
  'crc32c of 6.7 MB': () => crc32c(message),
  frames,
  'decode XOR': () => {
    for (const { chunks } of all) {
      columns.length = 0;
      chunks.forEach(({ data }) => decodeXorChunk(data, columns));
    }
    return columns.length;
  },
  'encode XOR': () => decoded.reduce((sum, { samples }) => sum + chunksOfSamples(samples).length, 0),
  'SAMPLES: decode, message, snappy': () =>
    compress(encodeReadResponse([all.map(decode).map((one) => ({ ...one, labels: [...one.labels], histograms: [] }))]))
      .length,
};
WORK['SAMPLES: as it is served'] = () => {
  const response = new SampledResponse();
  const end = response.beginResult();
  all.forEach(({ labels, chunks }) => Array.from(response.add(labels, chunks)));
  end();
  return response.end().reduce((sum, { length }) => sum + length, 0);
};
const decoded = all.map(decode);

for (const [name, work] of Object.entries(WORK)) {
  const times: number[] = [];
  let result = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    result = work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const [bestMs, medianMs] = [times[0], times[times.length >> 1]].map((ms) => Number(ms.toFixed(1)));
  process.stdout.write(`${JSON.stringify({ name, bestMs, medianMs, result })}\n`);
}
