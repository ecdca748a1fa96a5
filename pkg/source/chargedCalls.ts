import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type QueryResult } from '../core/model/series';
import { type CallOptions } from '../core/ports/metricSource';
import { type AnswerMemory, readQueryAnswer } from './answer/readAnswer';
import { type ApiCall, type ApiCaller } from './http/apiCaller';
import { type PrometheusSettings } from './settings/prometheusSettings';

/** On its way: its socket, what of the answer is read ahead, and the promises that wait for it; measured 100 to 150 KB. */
const REQUEST_BYTES = 128 * 1024;

export interface SharedParts {
  /** Absent: answers take what memory they like. */
  budget?: MemoryBudget;
}

/** Calls whose answers are charged to the memory of whoever asks. */
export class ChargedCalls {
  constructor(
    private readonly settings: PrometheusSettings,
    private readonly api: ApiCaller,
    private readonly shared: SharedParts
  ) {}

  query(
    path: string,
    parameters: Record<string, string>,
    options: CallOptions,
    maxSeries = this.settings.maxSeries
  ): Promise<QueryResult> {
    const { queryTimeout, queryStats } = this.settings;
    const form = new URLSearchParams(parameters);
    if (queryTimeout) {
      form.set('timeout', queryTimeout);
    }
    if (queryStats) {
      form.set('stats', 'all');
    }
    const call: ApiCall = { method: this.api.method, path, parameters: form };
    return this.charged(options, (memory) =>
      this.api.ask(call, options, (answer, redact) => readQueryAnswer(answer, redact, { maxSeries, memory }))
    );
  }

  /** Charges to the caller's share what is read; to one of its own, until it is read, where the caller has none. */
  async charged<T>(
    { memory, signal }: CallOptions,
    read: (memory: AnswerMemory | undefined) => Promise<T>
  ): Promise<T> {
    const own = memory ? undefined : this.shared.budget?.open();
    const request = (memory ?? own)?.part();
    const part = (memory ?? own)?.part();
    try {
      await request?.growTo(REQUEST_BYTES, signal);
      return await read(part && { part, signal });
    } catch (error) {
      part?.drop();
      throw error;
    } finally {
      request?.drop();
      part?.settle();
      own?.release();
    }
  }

  /** The same for an answer that is taken piece by piece; what is in memory of it is gone once it was taken. */
  async *stream<T>(
    { memory, signal }: CallOptions,
    read: (memory: AnswerMemory | undefined) => AsyncIterable<T>
  ): AsyncIterable<T> {
    const own = memory ? undefined : this.shared.budget?.open();
    const request = (memory ?? own)?.part();
    const part = (memory ?? own)?.part();
    try {
      await request?.growTo(REQUEST_BYTES, signal);
      yield* read(part && { part, signal });
    } finally {
      request?.drop();
      part?.drop();
      own?.release();
    }
  }
}
