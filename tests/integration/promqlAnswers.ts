import { type PromqlCase } from './promqlCase';

/** Asks two Prometheus the same, and compares what they say, bit for bit. */

export interface Asked {
  /** Seconds; an instant one has no end. */
  start: string;
  end?: string;
  step?: string;
}

export interface Difference {
  query: string;
  asked: Asked;
  truth: string;
  subject: string;
}

export interface Outcome {
  asked: number;
  /** Queries that gave series or a value at some time: a proof that nothing is nothing proves little. */
  filled: Set<string>;
  /** The same series in another order, in an instant answer whose order PromQL leaves open. */
  reordered: number;
  /** Prometheus itself answered now this, now that, and both of them the same: its sums over sums go by Go's order of maps. */
  open: number;
  differences: Difference[];
}

interface Answer {
  status: string;
  data?: { resultType: string; result: unknown };
  errorType?: string;
  error?: string;
  warnings?: string[];
  infos?: string[];
}

/** So often both are asked again where they differ. */
const TRIES = 20;

/** The order of these is defined. */
const SORTED = /\b(sort|sort_desc|sort_by_label|sort_by_label_desc|topk|bottomk|limitk|limit_ratio)\b/;

export async function compareAll(
  urls: { truth: string; subject: string },
  cases: PromqlCase[],
  times: Asked[]
): Promise<Outcome> {
  const outcome: Outcome = { asked: 0, filled: new Set(), reordered: 0, open: 0, differences: [] };
  const todo = cases.flatMap(({ query }) => times.map((asked) => ({ query, asked })));
  const work = async (): Promise<void> => {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      await compareOne(urls, next, outcome);
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return outcome;
}

async function compareOne(
  urls: { truth: string; subject: string },
  { query, asked }: { query: string; asked: Asked },
  outcome: Outcome
): Promise<void> {
  const [truth, subject] = await Promise.all([ask(urls.truth, query, asked), ask(urls.subject, query, asked)]).catch(
    (cause: unknown) => {
      throw new Error(`a Prometheus ended, or gave no JSON, when asked ${query} ${JSON.stringify(asked)}`, { cause });
    }
  );
  outcome.asked++;
  if (hasData(truth)) {
    outcome.filled.add(query);
  }
  const [wanted, found] = [truth, subject].map((one) => JSON.stringify(one));
  if (wanted === found) {
    return;
  }
  if (asked.end === undefined && !SORTED.test(query) && inOrder(truth) === inOrder(subject)) {
    outcome.reordered++;
    return;
  }
  if (await isLeftOpen(urls, query, asked)) {
    outcome.open++;
    return;
  }
  outcome.differences.push({ query, asked, truth: wanted, subject: found });
}

/** Whether the truth does not agree with itself, and what the other one says is among what it says. */
async function isLeftOpen(urls: { truth: string; subject: string }, query: string, asked: Asked): Promise<boolean> {
  const [truths, subjects] = [new Set<string>(), new Set<string>()];
  for (let again = 0; again < TRIES; again++) {
    truths.add(JSON.stringify(await ask(urls.truth, query, asked)));
    subjects.add(JSON.stringify(await ask(urls.subject, query, asked)));
    if (truths.size > 1 && [...subjects].some((one) => truths.has(one))) {
      return true;
    }
  }
  return false;
}

async function ask(url: string, query: string, { start, end, step }: Asked): Promise<Answer> {
  const form =
    end === undefined || step === undefined
      ? new URLSearchParams({ query, time: start })
      : new URLSearchParams({ query, start, end, step });
  const response = await fetch(`${url}/api/v1/${end === undefined ? 'query' : 'query_range'}`, {
    method: 'POST',
    body: form,
  });
  const { status, data, errorType, error, warnings, infos } = (await response.json()) as Answer;
  return { status, data, errorType, error, warnings: warnings?.toSorted(), infos: infos?.toSorted() };
}

function hasData({ data }: Answer): boolean {
  return data !== undefined && (!Array.isArray(data.result) || data.result.length > 0);
}

function inOrder({ data, ...rest }: Answer): string {
  const result = Array.isArray(data?.result) ? data.result.map((one) => JSON.stringify(one)).sort() : data?.result;
  return JSON.stringify({ ...rest, result });
}

/** The differences as a person reads them, each query once. */
export function describeDifferences(differences: Difference[], limit = 20): string {
  const byQuery = new Map(differences.map((one) => [one.query, one]));
  const shown = [...byQuery.values()].slice(0, limit).map(({ query, asked, truth, subject }) => {
    const at = [...truth].findIndex((character, i) => character !== subject[i]);
    const part = (text: string): string => text.slice(Math.max(0, at - 150), at + 150);
    return `${query}  ${JSON.stringify(asked)}\n   truth …${part(truth)}\n subject …${part(subject)}`;
  });
  return [`${byQuery.size} queries (${differences.length} answers) differ`, ...shown].join('\n');
}
