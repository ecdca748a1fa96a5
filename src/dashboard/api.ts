import { type DataFrame } from '@grafana/data';
import { parseArchive, type ArchiveSummary } from './parseArchive';
import { parseFailure, parseFrames } from './parseAnswers';

/** What the page asks of the server it came from. Every method rejects with an `Error` whose message a person can read. */
export interface PageApi {
  summary(rangeMs: number, signal: AbortSignal): Promise<SummaryAnswer>;
  /** `off` when the server keeps nothing. */
  archive(signal: AbortSignal): Promise<ArchiveSummary | 'off'>;
}

export interface SummaryAnswer {
  frames: DataFrame[];
  /** The server's clock: the reader's may be wrong, and ages are counted from it. */
  serverTimeMs: number;
}

export const httpApi: PageApi = {
  async summary(rangeMs, signal) {
    const response = await get(`/api/frames/summary?rangeMs=${rangeMs}`, signal);
    if (!response.ok) {
      throw new Error(await failureOf(response));
    }
    const dateMs = Date.parse(response.headers.get('date') ?? '');
    return {
      frames: parseFrames(await readJson(response)),
      serverTimeMs: Number.isNaN(dateMs) ? Date.now() : dateMs,
    };
  },

  async archive(signal) {
    const response = await get('/api/archive/status', signal);
    if (response.status === 409) {
      return 'off';
    }
    if (!response.ok) {
      throw new Error(await failureOf(response));
    }
    return parseArchive(await readJson(response));
  },
};

function get(path: string, signal: AbortSignal): Promise<Response> {
  return fetch(path, {
    signal,
    credentials: 'same-origin',
    cache: 'no-store',
    headers: { accept: 'application/json' },
  });
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw new Error('The answer is not JSON', { cause });
  }
}

async function failureOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined);
  return parseFailure(body) ?? `The server answered ${response.status}`;
}
