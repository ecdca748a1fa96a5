import { type RawSeries } from '../../pkg/core/model/rawSeries';
import { MemoryLedger } from './memoryLedger';
import { MemoryRaw } from './memoryRaw';

/** An archive in memory that keeps these series, all their samples covered. @param check throws what the archive would */
export async function keptRaw(series: readonly RawSeries[], check?: () => void): Promise<MemoryRaw> {
  const raw = new MemoryRaw(new MemoryLedger(), check);
  const times = series.flatMap(({ chunks }) => chunks.flatMap(({ minTimeMs, maxTimeMs }) => [minTimeMs, maxTimeMs]));
  const range = { fromMs: Math.min(...times), toMs: Math.max(...times) };
  await raw.writeRaw(
    {
      name: 'all',
      range,
      retention: '1y',
      provenance: { expression: '{__name__=~".+"}', stepMs: 60_000, fetchedAtMs: range.toMs, warnings: [] },
      covered: [range],
      gaps: [],
      async *series() {
        yield* series;
      },
    },
    new AbortController().signal
  );
  return raw;
}
