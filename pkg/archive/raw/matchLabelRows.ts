import { checkMatchers, compileMatchers } from '../../core/matching/matchLabels';
import { inTurns } from '../../core/model/inTurns';
import { type LabelMatcher } from '../../core/model/labelMatcher';
import { type Selector } from '../../core/ports/rawSeries';
import { type Row } from '../connect/database';
import { ofSource, type Session, SOURCE_ID } from '../connect/session';
import { LONE_SURROGATE } from '../write/seriesIdentity';

/** What a selector asks of the label ids of a series. */
export interface LabelPlan {
  /** All of these must be among them. */
  all: number[];
  /** Of each of these, one. */
  some: Array<ReadonlySet<number>>;
  /** None of these. */
  none: Array<ReadonlySet<number>>;
}

/** Values of one label that are looked at at once. */
const PAGE_VALUES = 50_000;

/**
 * Matches a selector with the dictionary of labels, as Prometheus matches: an absent label is the empty text, so a matcher that
 * holds for that one is told by the values for which it does not.
 *
 * @returns `undefined` when no series can match. Throws as `checkMatchers` and `inTurns` do.
 */
export async function planLabels(
  session: Session,
  selector: Selector,
  signal: AbortSignal
): Promise<LabelPlan | undefined> {
  checkMatchers(selector);
  const plan: LabelPlan = { all: [], some: [], none: [] };
  const exact = selector.filter(isExact);
  const ids = await findLabels(session, exact);
  if (exact.some(({ operator }, i) => operator === '=' && ids[i] === undefined)) {
    return undefined;
  }
  const idsOf = (operator: '=' | '!='): number[] =>
    ids.flatMap((id, i) => (id !== undefined && exact[i].operator === operator ? [id] : []));
  plan.all.push(...idsOf('='));
  plan.none.push(new Set(idsOf('!=')));
  for (const matcher of selector.filter((one) => !isExact(one))) {
    const { matchesEmpty, values } = await matchValues(session, matcher, signal);
    (matchesEmpty ? plan.none : plan.some).push(values);
  }
  return plan.some.some(({ size }) => size === 0) ? undefined : plan;
}

/** Whether one value decides. */
function isExact({ operator, value }: LabelMatcher): boolean {
  return value !== '' && (operator === '=' || operator === '!=');
}

/** Ids of labels with just these values; absent where there is none. */
async function findLabels(session: Session, labels: readonly LabelMatcher[]): Promise<Array<number | undefined>> {
  const ids: Array<number | undefined> = labels.map(() => undefined);
  const asked = labels.filter(({ name, value }) => isText(name) && isText(value));
  if (asked.length > 0) {
    const rows = await session.rows(
      `SELECT n.place, l.label_id FROM unnest($3::text[], $4::text[], $5::integer[]) AS n(name, value, place)
       JOIN promkeep_labels l ON l.name = n.name AND l.digest = md5(n.value)::uuid AND l.value = n.value
         AND l.source_id = ${SOURCE_ID}`,
      [
        ...ofSource(session),
        asked.map(({ name }) => name),
        asked.map(({ value }) => value),
        asked.map((label) => labels.indexOf(label)),
      ]
    );
    rows.forEach((row) => (ids[Number(row.place)] = Number(row.label_id)));
  }
  return ids;
}

/** The values of a label for which a matcher holds; where it holds for the empty text too, those for which it does not. */
async function matchValues(
  session: Session,
  matcher: LabelMatcher,
  signal: AbortSignal
): Promise<{ matchesEmpty: boolean; values: Set<number> }> {
  let test: (value: string) => boolean = () => false;
  const compile = (): ((value: string) => [boolean]) => {
    const holds = compileMatchers([matcher]);
    test = (value) => holds({ [matcher.name]: value });
    return (value) => [test(value)];
  };
  const [matchesEmpty] = await inTurns([''], compile, signal);
  const values = new Set<number>();
  const prefix = beginOf(matcher);
  for (let last: unknown = null, found = PAGE_VALUES; found === PAGE_VALUES && isText(matcher.name);) {
    const rows = await session.rows(
      `SELECT l.label_id, l.value, l.digest FROM promkeep_labels l
       WHERE l.source_id = ${SOURCE_ID} AND l.name = $3::text AND ($4::uuid IS NULL OR l.digest > $4::uuid)
         AND starts_with(l.value, $5::text)
       ORDER BY l.digest LIMIT ${PAGE_VALUES}`,
      [...ofSource(session), matcher.name, last, prefix]
    );
    const matching = (row: Row): number[] => (test(String(row.value)) !== matchesEmpty ? [Number(row.label_id)] : []);
    (await inTurns(rows, () => matching, signal)).forEach((id) => values.add(id));
    found = rows.length;
    last = rows.at(-1)?.digest;
  }
  return { matchesEmpty, values };
}

/**
 * What a value must begin with to match a pattern: plain characters, of which the last may be repeated or left out by what follows.
 * Such a pattern does not match the empty text, so that either way values that match are looked for.
 */
function beginOf({ operator, value }: LabelMatcher): string {
  const [begin] = operator.endsWith('~') && !value.includes('|') ? (/^[\w/ -]*/.exec(value) ?? ['']) : [''];
  return begin.length < value.length ? begin.slice(0, -1) : begin;
}

/** What is no text of PostgreSQL's is no label there. */
function isText(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text);
}
