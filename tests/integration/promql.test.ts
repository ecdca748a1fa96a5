import http from 'node:http';
import { type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { createDatasourceFactory } from '../../pkg/compose/datasource';
import { createMemoryBudget } from '../../pkg/compose/memory';
import { type DatasourceInstance } from '../../pkg/core/ports/datasource';
import { type LabelMatcher } from '../../pkg/core/model/labelMatcher';
import { type QueryFilters } from '../../pkg/core/query/queryModel';
import { type ResourceResponse } from '../../pkg/core/ports/metricSource';
import { applyFilters } from '../../pkg/promql/applyFilters';
import { compareExpressions } from '../../pkg/promql/compareExpressions';
import { createProcessMetrics } from '../../pkg/metrics/programMetrics';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { clock, dataQuery, editor, MemoryLogger } from '../fakes/callers';
import { METRICS, queryFilters, type Tokens, vectorExpression, writtenTwice } from '../fakes/promqlExpressions';

jest.setTimeout(180_000);

interface Element {
  metric: Record<string, string>;
  value: [number, string];
}

let target: http.Server;
let prometheus: RunningPrometheus;
let instance: DatasourceInstance;
/** Seconds; samples stand on both sides of it. */
let time: number;

beforeAll(async () => {
  target = http.createServer((_, response) => response.end(exposition()));
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  prometheus = await startPrometheus({
    config: `
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: demo
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
`,
  });
  instance = await createDatasourceFactory({
    logger: new MemoryLogger(),
    clock,
    proxies: {},
    holder: 'test',
    budget: createMemoryBudget(),
    metrics: createProcessMetrics('test', createMemoryBudget()).archive,
  })({
    uid: 'u',
    name: 'n',
    orgId: 1,
    url: prometheus.url,
    user: '',
    basicAuthEnabled: false,
    basicAuthUser: '',
    jsonData: { httpMethod: 'POST' },
    secrets: {},
    grafanaConfig: {},
  });
  time = await timeWithSamples();
});

afterAll(async () => {
  await instance.dispose();
  await prometheus.stop();
  target.closeAllConnections();
  target.close();
});

describe('what applyFilters writes', () => {
  // [Q1.6]
  it('is taken by Prometheus wherever Prometheus takes the original', async () => {
    await fc.assert(
      fc.asyncProperty(writtenTwice(vectorExpression), queryFilters, async ({ spaced }, filters) => {
        expect(await faultOf(spaced)).toBe(undefined);
        expect(await faultOf(applyFilters(spaced, filters))).toBe(undefined);
      }),
      { numRuns: 300 }
    );
  });

  // [Q7.14]
  it('selects what the filters say', async () => {
    const filters = withAdhoc('b', 'not-one-of', ['1', '2']);
    const result = await query(applyFilters('sum by (a) (m_gauge) # all', { ...filters, groupBy: ['b'] }));
    expect(result.map(({ metric }) => metric)).toEqual([
      { a: '1', b: '3' },
      { a: '2', b: '3' },
    ]);
  });

  it('reaches Prometheus through the datasource', async () => {
    const { adhoc } = withAdhoc('a', 'equals', ['2']);
    const json = { expr: 'sum(m_gauge) # c', instant: true, adhocFilters: adhoc, groupByKeys: ['a'] };
    const range = { fromMs: time * 1000 - 60_000, toMs: time * 1000 };
    const queries = [dataQuery(json, { range })];
    const responses = await instance.queryData({ caller: editor, queries }, new AbortController().signal);
    const frames = responses.get('A')?.frames ?? [];
    expect(frames.map(({ meta }) => meta?.executedQueryString)).toEqual([
      expect.stringContaining('Expr: sum by (a) (m_gauge{a="2"}) # c\n'),
    ]);
    expect(frames[0].fields[1].labels).toEqual({ a: '2' });
  });
});

describe('what compareExpressions allows', () => {
  // [A7]
  it('gives the numbers Prometheus gives, for every expression it takes', async () => {
    const added = fc.constantFrom<LabelMatcher>(
      { name: 'a', operator: '=', value: '1' },
      { name: 'b', operator: '!=', value: '2' },
      { name: 'le', operator: '!=', value: '1' },
      { name: 'le', operator: '=', value: '' },
      { name: 'a', operator: '=~', value: '1|3' }
    );
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(tokensToNarrow(added), async ({ recorded, asked }) => {
        const matchers = compareExpressions(recorded, asked);
        const all = matchers && (await query(recorded).catch(() => undefined));
        if (all) {
          compared += matchers.length > 0 && all.length > 0 ? 1 : 0;
          expect(byLabels(all.filter(({ metric }) => matchers.every((one) => holds(one, metric))))).toEqual(
            byLabels(await query(asked))
          );
        }
      }),
      { numRuns: 1_500 }
    );
    expect(compared).toBeGreaterThan(60);
  });
});

describe('suggestions', () => {
  it('gives label names under filters', async () => {
    const { status, data } = await suggest({ queries: ['rate(m_bucket[$__rate_interval])'] });
    expect(status).toBe(200);
    expect(data).toEqual(['__name__', 'a', 'b', 'instance', 'job', 'le']);
  });

  // [Q7.4]
  it('gives a label’s values by GET, though the datasource uses POST', async () => {
    const { adhoc } = withAdhoc('b', 'equals', ['2']);
    const { status, data, headers } = await suggest({ labelName: 'a', queries: ['m_gauge'], adhocFilters: adhoc });
    expect([status, data]).toEqual([200, ['1', '2']]);
    expect(headers).toMatchObject({ 'x-grafana-cache': 'y', 'cache-control': 'private, max-age=60' });
  });

  it('takes filters alone, also when they only exclude', async () => {
    const { adhoc } = withAdhoc('b', 'not-equals', ['2']);
    const { status, data } = await suggest({ labelName: 'b', adhocFilters: adhoc });
    expect([status, data]).toEqual([200, ['1', '3']]);
  });

  async function suggest(body: Record<string, unknown>) {
    const response: ResourceResponse = await instance.callResource(
      {
        method: 'POST',
        path: 'suggestions',
        query: '',
        headers: { 'content-type': 'application/json', 'x-grafana-cache': 'private, max-age=60' },
        body: Buffer.from(JSON.stringify({ ...body, start: String(time - 60), end: String(time) })),
      },
      editor,
      new AbortController().signal
    );
    const { data } = JSON.parse(Buffer.from(response.body).toString()) as { data: unknown };
    return { status: response.status, headers: response.headers, data };
  }
});

/** The same expression twice, the second time with one matcher more in some of its selectors. */
function tokensToNarrow(added: fc.Arbitrary<LabelMatcher>): fc.Arbitrary<{ recorded: string; asked: string }> {
  return fc
    .tuple(vectorExpression, added, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), fc.boolean())
    .filter(([tokens]) => !choosesAmongEquals(tokens))
    .map(([tokens, matcher, chosen, everywhere]) => ({
      recorded: tokens.join(' '),
      asked: narrow(tokens, matcher, (i) => everywhere || chosen[i % chosen.length]).join(' '),
    }));
}

/** Of equal values `topk` takes any, and Prometheus takes another one each time it is asked; no other call begins with `( 1 ,`. */
function choosesAmongEquals(tokens: Tokens): boolean {
  return tokens.some((token, i) => token === '(' && tokens[i + 1] === '1' && tokens[i + 2] === ',');
}

function narrow(tokens: Tokens, { name, operator, value }: LabelMatcher, isChosen: (i: number) => boolean): string[] {
  const extra = `${name}${operator}"${value}"`;
  return tokens.flatMap((token, i) => {
    const isName =
      (METRICS as readonly string[]).includes(token) && !['(', 'by', 'without', 'WITHOUT'].includes(tokens[i + 1]);
    if (isChosen(i) && isName && tokens[i + 1] !== '{') {
      return [token, `{${extra}}`];
    }
    return isChosen(i) && token === '{' ? ['{', extra, ...(tokens[i + 1] === '}' ? [] : [','])] : [token];
  });
}

function holds({ name, operator, value }: LabelMatcher, metric: Record<string, string>): boolean {
  const actual = metric[name] ?? '';
  const matches = operator.includes('~') ? new RegExp(`^(?:${value})$`).test(actual) : actual === value;
  return operator.startsWith('!') ? !matches : matches;
}

function byLabels(elements: readonly Element[]): Record<string, string> {
  return Object.fromEntries(
    elements.map(({ metric, value }) => [
      JSON.stringify(Object.entries(metric).sort()),
      Number(value[1]).toPrecision(9),
    ])
  );
}

function withAdhoc(key: string, operator: string, values: string[]): QueryFilters {
  return {
    scopes: [],
    adhoc: [{ key, operator, value: values[0], values: values.slice(1).length > 0 ? values : [] }],
    groupBy: [],
  };
}

async function ask(expr: string): Promise<{ errorType?: string; error?: string; data?: { result: Element[] } }> {
  const body = new URLSearchParams({ query: expr, time: String(time) });
  const response = await fetch(`${prometheus.url}/api/v1/query`, { method: 'POST', body });
  return (await response.json()) as Awaited<ReturnType<typeof ask>>;
}

/** Why Prometheus does not take an expression; a failing evaluation is another matter. */
async function faultOf(expr: string): Promise<string | undefined> {
  const { errorType, error } = await ask(expr);
  return errorType === 'bad_data' ? `${error} in ${expr}` : undefined;
}

async function query(expr: string): Promise<Element[]> {
  const { data, error } = await ask(expr);
  if (!data) {
    throw new Error(`${error} in ${expr}`);
  }
  return data.result;
}

async function timeWithSamples(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    time = Date.now() / 1000;
    const [count] = await query('min(count_over_time(m_gauge[1m]))');
    if (count && Number(count.value[1]) >= 8) {
      // negative offsets look one second ahead, and what they see must not change during the test
      return time - 3;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('Prometheus has no samples of the test target');
}

let scrapes = 0;

/** Gauges, counters that grow at different paces, and buckets, over a few labels. */
function exposition(): string {
  scrapes++;
  const lines: string[] = [];
  for (const a of [1, 2]) {
    for (const b of [1, 2, 3]) {
      const labels = `a="${a}",b="${b}"`;
      lines.push(`m_gauge{${labels}} ${a * 10 + b}`);
      lines.push(`m_total{${labels}} ${scrapes * (a + b)}`);
      lines.push(`start{${labels}} ${a - b}`);
      lines.push(`rule:of:m{${labels}} ${a * b}`);
      lines.push(...['1', '2', '+Inf'].map((le, i) => `m_bucket{${labels},le="${le}"} ${scrapes * (i + b)}`));
    }
    lines.push(`sum{a="${a}"} ${a}`);
  }
  return `${lines.join('\n')}\n`;
}
