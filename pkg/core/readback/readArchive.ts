import { type ArchiveMatch } from '../matching/matchDefinition';
import { aloneNotice } from './notices';
import { asPromkeepError, type PromkeepError } from '../model/errors';
import { type Notice } from '../frames/frame';
import { type Uses } from '../ports/archive';
import { type BucketRead, type GridSamples } from '../ports/history';
import { type CallOptions, type MetricSource } from '../ports/metricSource';

/** What a query is answered from. */
export type Answering = Pick<MetricSource, 'queryRange' | 'queryInstant'>;

/** What of the archive is needed to read recorded queries back. */
export type ReadBackArchive = Uses<{
  definitions: 'list';
  history: 'readGrid' | 'rollups' | 'readBuckets';
  ledger: 'coverage';
}>;

/** What came to light while a query was answered, for the first frame and for the response's error. */
export interface ReadReport {
  notices: Notice[];
  failures: PromkeepError[];
  origin?: ReadOrigin;
}

/** `meta.custom.promkeep.readFrom` of the first frame: how many times of the grid came from where. */
export interface ReadOrigin {
  recordedQuery: string;
  archivedTimes: number;
  liveTimes: number;
  /** Of the archived times, those with values of rollups; absent: none. */
  rolledUpTimes?: number;
  /** The last time that came from the archive; absent: none did. */
  archivedUntilMs?: number;
}

export interface ReadArchiveDeps {
  archive: ReadBackArchive;
  match: ArchiveMatch;
  report: ReadReport;
  /** Asked for what the archive does not cover; absent: never. */
  live?: Answering;
  /** Present where samples of the asked time have expired and rollups have not. */
  expired?: ExpiredRead;
  /** A signal that aborts after so many milliseconds. */
  timeoutSignal(ms: number): AbortSignal;
}

export interface ExpiredRead {
  /** Of the buckets to read; the step is a multiple of it. */
  widthMs: number;
  /** The last time of which samples have expired. */
  untilMs: number;
}

export interface AggregateDeps extends ReadArchiveDeps {
  aggregate: BucketRead['aggregate'];
  /** The step: buckets `(time - bucketMs, time]`, counted from the epoch. */
  bucketMs: number;
  nowMs: number;
}

/** With Prometheus beside it, an archive that hangs is not waited for any longer. */
const PATIENCE_MS = 10_000;

export const NOTHING: GridSamples = { covered: [], gaps: [], series: [] };

/** With Prometheus beside it, an archive that fails is a notice; alone, it is the query's failure. */
export async function readArchive(
  { report, live, timeoutSignal }: Pick<ReadArchiveDeps, 'report' | 'live' | 'timeoutSignal'>,
  { signal }: CallOptions,
  read: (signal: AbortSignal) => Promise<GridSamples | undefined>
): Promise<GridSamples> {
  const patience = live ? AbortSignal.any([signal, timeoutSignal(PATIENCE_MS)]) : signal;
  try {
    return (await read(patience)) ?? NOTHING;
  } catch (error) {
    if (!live || signal.aborted) {
      throw error;
    }
    const late = patience.aborted
      ? `the archive did not answer within ${PATIENCE_MS / 1_000} s.`
      : asPromkeepError(error).message;
    report.notices.push(aloneNotice(late));
    return NOTHING;
  }
}
