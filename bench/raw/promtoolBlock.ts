import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type DaySeries } from './scrapedDay';

/** Prometheus' blocks of the same samples: chunks and index. */
export async function promtoolBlock(day: DaySeries[]): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-bench-'));
  try {
    const file = path.join(folder, 'samples.om');
    await pipeline(Readable.from(openMetrics(day)), createWriteStream(file));
    const blocks = path.join(folder, 'blocks');
    await promisify(execFile)('promtool', [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      '--max-block-duration=24h',
      file,
      blocks,
    ]);
    let bytes = 0;
    for (const name of await readdir(blocks, { recursive: true })) {
      bytes += /(^|\/)index$|\/chunks\/\d+$/.test(name) ? (await stat(path.join(blocks, name))).size : 0;
    }
    return bytes;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function* openMetrics(day: DaySeries[]): Generator<string> {
  for (const { labels, samples } of day) {
    const name = labels.find((label) => label.name === '__name__')?.value ?? '';
    const rest = labels.filter((label) => label.name !== '__name__');
    const head = `${name}{${rest.map((one) => `${one.name}=${JSON.stringify(one.value)}`).join(',')}} `;
    const lines = Array.from(samples.timesMs, (timeMs, i) => {
      const text = String(samples.values[i]).replace('Infinity', 'Inf');
      return `${head}${text} ${(timeMs / 1_000).toFixed(3)}\n`;
    });
    yield lines.join('');
  }
  yield '# EOF\n';
}
