import { type CallOptions } from '../../core/ports/metricSource';
import { type RawHoldings } from '../../core/ports/rawSeries';
import { readBody } from '../answer/readAnswer';
import { type ApiCaller } from '../http/apiCaller';
import { type HttpAnswer } from '../http/httpClient';
import { formOf, readCall } from './readCall';
import { NOTHING_TOLD, readSourceConfig } from './sourceConfig';

/** Far beyond what people write. */
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/** Says something of the server, not of what was asked. */
const SERVER_FAULTS = new Set([401, 403, 407, 408, 429]);

/** Asks a source how it can be read and what it holds itself. Throws `PromkeepError`. */
export async function askHoldings(api: ApiCaller, options: CallOptions): Promise<RawHoldings> {
  const [by, told] = await Promise.all([askForm(api, options), askConfig(api, options)]);
  // who reads from nobody holds whatever it gives
  const lowestMs = told.readsOthers !== 'no' ? await askLowest(api, options) : undefined;
  return { by, ...told, ...(lowestMs === undefined ? {} : { lowestMs }) };
}

/** An answer without series has the form that all answers have. */
function askForm(api: ApiCaller, options: CallOptions): Promise<RawHoldings['by']> {
  const call = readCall([{ name: '__name__', operator: '=', value: 'promkeep:nothing' }], { fromMs: 0, toMs: 1 });
  return api.send(call, options, async (answer) => {
    if (answer.status < 300) {
      return formOf(answer.header('content-type')) ?? 'query';
    }
    // 501 is what some say who have no remote read; other faults of the server pass
    if (answer.status !== 501 && (answer.status >= 500 || SERVER_FAULTS.has(answer.status))) {
      throw await api.failureOf(answer, options);
    }
    return 'query';
  });
}

async function askConfig(api: ApiCaller, options: CallOptions): Promise<typeof NOTHING_TOLD> {
  return get(api, 'api/v1/status/config', options, async (answer) => {
    if (answer.status >= 500 && answer.status !== 501) {
      throw await api.failureOf(answer, options);
    }
    return answer.status < 300 ? readSourceConfig(await readBody(answer, MAX_CONFIG_BYTES)) : NOTHING_TOLD;
  });
}

const LOWEST = 'prometheus_tsdb_lowest_timestamp_seconds ';

/** Out of the source's own metrics, read up to that line. */
function askLowest(api: ApiCaller, options: CallOptions): Promise<number | undefined> {
  return get(api, 'metrics', options, async (answer) => {
    if (answer.status >= 300) {
      return undefined;
    }
    let rest = '';
    for await (const chunk of answer.body) {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      const line = lines.find((one) => one.startsWith(LOWEST));
      if (line !== undefined) {
        const seconds = Number(line.slice(LOWEST.length));
        return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
      }
      // no line of it is that long
      rest = rest.slice(0, LOWEST.length + 100);
    }
    return undefined;
  });
}

function get<T>(
  api: ApiCaller,
  path: string,
  options: CallOptions,
  read: (answer: HttpAnswer) => Promise<T>
): Promise<T> {
  const accept = path === 'metrics' ? 'text/plain' : 'application/json';
  return api.send({ method: 'GET', path, parameters: new URLSearchParams(), accept }, options, read);
}
