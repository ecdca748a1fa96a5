import * as v from 'valibot';
import { text } from '../../../src/contract/lenient';
import { parseJson } from '../../core/model/parseJson';
import { type BuildInfo } from '../../core/ports/metricSource';

const ANSWER = v.object({
  status: v.literal('success'),
  data: v.object({ version: text, features: v.nullish(v.record(v.string(), v.string()), {}) }),
});

/** Build info of a server; Mimir is told from Prometheus by listing features. `undefined` if the body is not understood. */
export function parseBuildInfo(body: Buffer): BuildInfo | undefined {
  const answer = v.safeParse(ANSWER, parseJson(body.toString('utf8')));
  if (!answer.success) {
    return undefined;
  }
  const { version, features } = answer.output.data;
  return { version, application: Object.keys(features).length > 0 ? 'Mimir' : 'Prometheus', features };
}
