import * as v from 'valibot';
import { fitting, isRecord, text } from '../../../src/contract/lenient';
import { parseJson } from '../../core/model/parseJson';
import { type CallOptions } from '../../core/ports/metricSource';
import { type MetricMetadata } from '../../core/ports/rawSeries';
import { notPrometheus } from '../answer/answerFailure';
import { readBody } from '../answer/readAnswer';
import { type ApiCaller } from '../http/apiCaller';

const ENTRIES = fitting(v.object({ type: text, help: text, unit: text }));

/** What a source knows of its metrics; of several words on one metric, which its targets may have, the first. Throws `PromkeepError`. */
export function askMetadata(api: ApiCaller, options: CallOptions, maxBytes: number): Promise<MetricMetadata[]> {
  const call = { method: 'GET', path: 'api/v1/metadata', parameters: new URLSearchParams() } as const;
  return api.ask(call, options, async (answer, redact) => {
    const body = await readBody(answer, maxBytes);
    const json = parseJson(body.toString('utf8'));
    if (!isRecord(json) || !isRecord(json.data)) {
      throw notPrometheus(answer, body, { message: 'it has no metadata' }, redact);
    }
    return Object.entries(json.data).flatMap(([metric, said]) =>
      v
        .parse(ENTRIES, said)
        .slice(0, 1)
        .map((entry) => ({ metric, ...entry }))
    );
  });
}
