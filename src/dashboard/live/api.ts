import { type DataFrame } from '@grafana/data';
import { type PageAbout } from '../../contract/aboutPage';
import { type ArchiveHistory, type ArchiveOverview, type SeriesPick } from '../../contract/archivePage';
import { isRecord, wordsIn } from '../../contract/lenient';
import {
  parseAbout,
  parseAlerts,
  parseFailure,
  parseFrames,
  parseHistory,
  parseNames,
  parseOverview,
} from './parseAnswers';

/** What the page asks of the server it came from. Every promise rejects with an `Error` whose message a person can read. */
export interface PageApi {
  /**
   * Server-sent events.
   *
   * @returns closes the stream
   */
  openStream(rangeMs: number, listener: StreamListener): () => void;
  summary(rangeMs: number, signal: AbortSignal): Promise<SummaryAnswer>;
  /** Which Prometheus and which archive. */
  about(signal: AbortSignal): Promise<PageAbout>;
  /** `off` when the server keeps nothing. */
  archive(signal: AbortSignal): Promise<ArchiveOverview | 'off'>;
  history(request: HistoryRequest, signal: AbortSignal): Promise<ArchiveHistory>;
  /** Labels of the alerts that fire. */
  alerts(signal: AbortSignal): Promise<Array<Record<string, string>>>;
  /** Of all metrics Prometheus knows. */
  metricNames(signal: AbortSignal): Promise<string[]>;
}

export interface StreamListener {
  onSummary(answer: SummaryAnswer | Error): void;
  onArchive(answer: ArchiveOverview | 'off' | Error): void;
  /** The server is there and has nothing to tell. */
  onBeat(): void;
  /** @param comesBack whether the browser tries again by itself; otherwise the server refused, or something between blocked it */
  onLost(comesBack: boolean): void;
}

/** The server is there, and tells why it has no answer. */
export class NoAnswer extends Error {
  /** @param failingMs for how long there has been none */
  constructor(
    message: string,
    readonly failingMs: number
  ) {
    super(message);
  }
}

export interface SummaryAnswer {
  frames: DataFrame[];
  /** The server's clock: the reader's may be wrong, and ages are counted from it. */
  serverTimeMs: number;
}

export interface HistoryRequest {
  name: string;
  /** Any PromQL, instead of what goes by the name. */
  expression?: string;
  fromMs: number;
  toMs: number;
  points: number;
  /** Absent: the series with the largest last values. */
  pick?: SeriesPick;
  /** Whether all series are listed, drawn or not. */
  withRows?: true;
}

export const httpApi: PageApi = {
  openStream(rangeMs, listener) {
    const source = new EventSource(`/api/live?rangeMs=${rangeMs}`);
    source.addEventListener('summary', ({ data }) => listener.onSummary(tryTo(() => readSummary(parseEvent(data)))));
    source.addEventListener('archive', ({ data }) => listener.onArchive(tryTo(() => readArchive(parseEvent(data)))));
    source.addEventListener('heartbeat', () => listener.onBeat());
    source.addEventListener('error', () => listener.onLost(source.readyState !== EventSource.CLOSED));
    return () => source.close();
  },

  async summary(rangeMs, signal) {
    const response = await get(`/api/frames/summary?rangeMs=${rangeMs}`, signal);
    const dateMs = Date.parse(response.headers.get('date') ?? '');
    return {
      frames: parseFrames(await readJson(response)),
      serverTimeMs: Number.isNaN(dateMs) ? Date.now() : dateMs,
    };
  },

  async about(signal) {
    return parseAbout(await readJson(await get('/api/about', signal)));
  },

  async archive(signal) {
    const response = await get('/api/archive/overview', signal);
    return response.status === 409 ? 'off' : parseOverview(await readJson(response));
  },

  async alerts(signal) {
    const query = new URLSearchParams({ query: 'ALERTS{alertstate="firing"}' });
    return parseAlerts(await readJson(await get(`/api/standard?${query}`, signal)));
  },

  async metricNames(signal) {
    return parseNames(await readJson(await get('/api/v1/label/__name__/values', signal)));
  },

  async history({ name, expression, fromMs, toMs, points, pick, withRows }, signal) {
    const query = new URLSearchParams({
      ...(expression === undefined ? { name } : { expr: expression }),
      start: String(fromMs / 1000),
      end: String(toMs / 1000),
      points: String(points),
      ...(pick ? { filter: pick.filter, order: pick.order } : {}),
      ...(withRows ? { rows: 'yes' } : {}),
    });
    return parseHistory(await readJson(await get(`/api/archive/history?${query}`, signal)));
  },
};

function parseEvent(data: unknown): unknown {
  const body: unknown = JSON.parse(String(data));
  const failure = wordsIn(body, 'failure');
  if (failure !== undefined) {
    const failingMs = isRecord(body) ? body.failingMs : undefined;
    throw new NoAnswer(failure, typeof failingMs === 'number' ? failingMs : 0);
  }
  return body;
}

function readSummary(body: unknown): SummaryAnswer {
  const timeMs = isRecord(body) ? body.timeMs : undefined;
  return { frames: parseFrames(body), serverTimeMs: typeof timeMs === 'number' ? timeMs : Date.now() };
}

function readArchive(body: unknown): ArchiveOverview | 'off' {
  return isRecord(body) && body.off === true ? 'off' : parseOverview(body);
}

function tryTo<T>(read: () => T): T | Error {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function get(path: string, signal: AbortSignal): Promise<Response> {
  return fetch(path, {
    signal,
    credentials: 'same-origin',
    cache: 'no-store',
    headers: { accept: 'application/json' },
  });
}

/** Throws the reason in the body when the response is an error. */
async function readJson(response: Response): Promise<unknown> {
  if (!response.ok) {
    const body: unknown = await response.json().catch(() => undefined);
    throw new Error(parseFailure(body) ?? `The server answered ${response.status}`);
  }
  try {
    return await response.json();
  } catch (cause) {
    throw new Error('The answer is not JSON', { cause });
  }
}
