import { type TimeRange } from '../../pkg/core/model/timeRange';
import { decodeHistogramChunk } from '../../pkg/remote/chunks/histogramDecoder';
import { decodeXorChunk } from '../../pkg/remote/chunks/xorChunk';
import { FrameReader } from '../../pkg/remote/frames/frame';
import { decodeChunkedResponse } from '../../pkg/remote/messages/chunkedResponse';
import { encodeReadRequest } from '../../pkg/remote/messages/readRequest';
import { bitsOf, SampleColumns } from '../../pkg/remote/sampleColumns';
import { compress } from '../../pkg/remote/snappy';
import { type Chunk } from '../../pkg/core/model/rawSeries';

/** All series of a Prometheus, or of what speaks its remote read: by labels (as JSON) each sample's time and bits as a text. */
export async function bitsOfAll(url: string, { fromMs, toMs }: TimeRange): Promise<Map<string, string[]>> {
  const matchers = [{ name: '__name__', operator: '=~' as const, value: '.+' }];
  const request = {
    queries: [{ startMs: fromMs, endMs: toMs, matchers }],
    acceptedTypes: ['STREAMED_XOR_CHUNKS' as const],
  };
  const response = await fetch(`${url}/api/v1/read`, {
    method: 'POST',
    headers: {
      'Content-Encoding': 'snappy',
      'Content-Type': 'application/x-protobuf',
      'X-Prometheus-Remote-Read-Version': '0.1.0',
    },
    body: new Uint8Array(compress(encodeReadRequest(request))),
  });
  if (!response.ok) {
    throw new Error(`remote read: ${response.status} ${await response.text()}`);
  }
  const all = new Map<string, string[]>();
  const frames = new FrameReader();
  for (const message of frames.read(new Uint8Array(await response.arrayBuffer()))) {
    for (const { labels, chunks } of decodeChunkedResponse(message).series) {
      const key = JSON.stringify(labels.map(({ name, value }) => [name, value]));
      const within = chunks.flatMap(samplesOf).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
      if (within.length > 0) {
        all.set(key, [...(all.get(key) ?? []), ...within.map(({ timeMs, bits }) => `${timeMs} ${bits}`)]);
      }
    }
  }
  frames.end();
  return all;
}

function samplesOf({ encoding, data }: Chunk): Array<{ timeMs: number; bits: string }> {
  if (encoding !== 'xor') {
    const all = [...decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data)];
    return all.map(({ timeMs, reset: _, ...rest }) => ({ timeMs, bits: JSON.stringify(rest) }));
  }
  const columns = new SampleColumns();
  decodeXorChunk(data, columns);
  const { timesMs, values } = columns.samples();
  const bits = bitsOf(values);
  return Array.from(timesMs, (timeMs, i) => ({
    timeMs,
    bits: `${bits[2 * i + 1].toString(16)}:${bits[2 * i].toString(16)}`,
  }));
}
