import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';

/**
 * A Prometheus that scrapes nothing and holds these samples, in blocks that promtool made of them.
 *
 * @param lines in OpenMetrics, without the last one
 */
export async function startWithSamples(
  lines: readonly string[],
  options: { flags?: string[] } = {}
): Promise<RunningPrometheus> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-blocks-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    const file = path.join(folder, 'samples.txt');
    const dataDir = path.join(folder, 'data');
    await writeFile(file, `${lines.join('\n')}\n# EOF\n`);
    await promisify(execFile)('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, dataDir]);
    const running = await startPrometheus({ config: 'global: {scrape_interval: 1h}\n', dataDir, ...options });
    const stop = (): Promise<void> => running.stop().finally(remove);
    return { ...running, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Grid times of one series at a Prometheus, with their values. */
export type Answer = Map<number, number>;

/** What a Prometheus says about a range, by labels without the name (as sorted JSON). */
export async function askRange(
  url: string,
  expr: string,
  { fromMs, toMs, stepMs }: { fromMs: number; toMs: number; stepMs: number }
): Promise<Map<string, Answer>> {
  const form = new URLSearchParams({
    query: expr,
    start: String(fromMs / 1_000),
    end: String(toMs / 1_000),
    step: String(stepMs / 1_000),
  });
  const response = await fetch(`${url}/api/v1/query_range?${form}`);
  const answer = (await response.json()) as {
    data: { result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }> };
  };
  return new Map(
    answer.data.result.map(({ metric, values }) => [
      labelsKey(metric),
      new Map(values.map(([seconds, text]) => [seconds * 1_000, Number(text)])),
    ])
  );
}

/** The same for the labels of a series, of a row and of a field. */
export function labelsKey(labels: Readonly<Record<string, string>> | null | undefined): string {
  const { __name__: _, ...rest } = labels ?? {};
  return JSON.stringify(Object.entries(rest).sort());
}
