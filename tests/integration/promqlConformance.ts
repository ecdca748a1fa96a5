import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { type PromqlCase } from './promqlCase';

/**
 * PromQL's public conformance queries, read when the test runs; they are no part of this repository. Where they lie: `PROMQL_CONFORMANCE`,
 * else `../shared/conformance` seen from the project.
 */
const FILE =
  process.env.PROMQL_CONFORMANCE ?? path.resolve(__dirname, '../../../shared/conformance/promql-test-queries.yml');

/** What stands for the names in its templates. */
const VARIANTS: Record<string, string[]> = {
  range: ['1s', '15s', '1m', '5m', '15m', '1h'],
  offset: ['1m', '5m', '10m'],
  simpleAggrOp: ['sum', 'avg', 'max', 'min', 'count', 'stddev', 'stdvar'],
  simpleTimeAggrOp: ['sum', 'avg', 'max', 'min', 'count', 'stddev', 'stdvar', 'absent', 'last', 'present'],
  topBottomOp: ['topk', 'bottomk'],
  quantile: ['-0.5', '0.1', '0.5', '0.75', '0.95', '0.99', '1', '1.5'],
  arithBinOp: ['+', '-', '*', '/', '%', '^', 'atan2'],
  compBinOp: ['==', '!=', '<', '>', '<=', '>='],
  binOp: ['+', '-', '*', '/', '%', '^', 'atan2', '==', '!=', '<', '>', '<=', '>='],
  simpleMathFunc: ['abs', 'ceil', 'floor', 'exp', 'sqrt', 'ln', 'log2', 'log10', 'round', 'sgn'],
  extrapolatedRateFunc: ['delta', 'rate', 'increase'],
  clampFunc: ['clamp_min', 'clamp_max'],
  instantRateFunc: ['idelta', 'irate'],
  dateFunc: ['day_of_month', 'day_of_week', 'days_in_month', 'hour', 'minute', 'month', 'year'],
};

export interface Conformance {
  cases: PromqlCase[];
  /** The instances in the queries are `host:10000` and on. */
  host: string;
  /** Why there are none. */
  skipped?: string;
}

export function readConformance(): Conformance {
  if (!existsSync(FILE)) {
    return {
      cases: [],
      host: 'demo.invalid',
      skipped: 'the public conformance queries are not here (PROMQL_CONFORMANCE names the file)',
    };
  }
  const text = readFileSync(FILE, 'utf8');
  const { test_cases: templates } = parse(text) as { test_cases: Array<{ query: string; variant_args?: string[] }> };
  const queries = templates.flatMap(({ query, variant_args: names = [] }) =>
    names.reduce((all, name) => all.flatMap((one) => variantsOf(one, name)), [query])
  );
  const host = /instance!?="([^":]+):\d+"/.exec(text)?.[1] ?? 'demo.invalid';
  return { cases: [...new Set(queries)].map((query) => ({ query: String(query) })), host };
}

function variantsOf(query: string, name: string): string[] {
  const values = VARIANTS[name];
  if (values === undefined) {
    throw new Error(`the conformance queries have a template we do not know: ${name}`);
  }
  return values.map((value) => String(query).replaceAll(`{{.${name}}}`, value));
}
