import * as v from 'valibot';
import { parse } from 'yaml';
import { fitting, flag, texts } from '../../../src/contract/lenient';
import { parseJson } from '../../core/model/parseJson';
import { type RawHoldings } from '../../core/ports/rawSeries';

type Told = Pick<RawHoldings, 'readsOthers' | 'externalLabels'>;

export const NOTHING_TOLD: Told = { readsOthers: 'no', externalLabels: [] };

const ANSWER = v.object({ data: v.object({ yaml: v.string() }) });

const CONFIG = v.object({
  global: v.fallback(v.object({ external_labels: texts }), { external_labels: {} }),
  remote_read: fitting(v.object({ read_recent: flag })),
});

/** What an answer of `status/config` says of who is read from, and of labels that are added; nothing where it is not understood. */
export function readSourceConfig(body: Buffer): Told {
  const answer = v.safeParse(ANSWER, parseJson(body.toString('utf8')));
  const read = answer.success ? v.safeParse(CONFIG, parseSections(answer.output.data.yaml)) : undefined;
  if (!read?.success) {
    return NOTHING_TOLD;
  }
  const { global, remote_read: others } = read.output;
  return {
    readsOthers: others.some(({ read_recent: recent }) => recent) ? 'recent' : others.length > 0 ? 'older' : 'no',
    externalLabels: Object.entries(global.external_labels).map(([name, value]) => ({ name, value })),
  };
}

/** Only what is looked at: with all its targets a configuration may have megabytes, which takes a second to parse. */
function parseSections(yaml: string): unknown {
  let wanted = false;
  const lines = yaml.split('\n').filter((line) => {
    const [, key] = /^(\w+):/.exec(line) ?? [];
    wanted = key === undefined ? wanted : key === 'global' || key === 'remote_read';
    return wanted;
  });
  try {
    return parse(lines.join('\n')) ?? {};
  } catch {
    return undefined;
  }
}
