import { type LabelMatcher } from '../core/model/labelMatcher';
import { type LabelRule } from './filterRules';
import { METRIC_NAME, printMatcher, quote } from './labelNames';
import { type Selector, type WrittenMatcher } from './selectors';
import { type TextEdit } from './textEdits';

/**
 * What puts the rules into a selector. A wanted value replaces every matcher of its label; an excluded one is added, because
 * in the place of `job="a"` the exclusion `job!="b"` would select more than before, and alone in braces Prometheus refuses it.
 */
export function selectorEdits(text: string, selector: Selector, rules: readonly LabelRule[]): TextEdit[] {
  const edits: TextEdit[] = [];
  const added: LabelMatcher[] = [];
  for (const rule of rules) {
    const conditions = [rule.wanted, rule.excluded].flatMap((one) => one ?? []);
    // what a panel shows is never exchanged for another metric
    const replaced = rule.wanted && rule.name !== METRIC_NAME ? matchersOf(selector, rule.name) : [];
    edits.push(...replaced.flatMap((one) => replacement(one, conditions)));
    if (replaced.length === 0) {
      added.push(...conditions.filter((one) => !isThere(selector, one)));
    }
  }
  return added.length > 0 ? [...edits, ...additions(text, selector, added)] : edits;
}

/** Leaves the label and the comments between the parts as they are written. */
function replacement(
  { operatorSpan, valueSpan }: WrittenMatcher,
  [first, ...more]: readonly LabelMatcher[]
): TextEdit[] {
  const rest = more.map((one) => `,${printMatcher(one)}`).join('');
  return [
    { ...operatorSpan, text: first.operator },
    { ...valueSpan, text: quote(first.value) + rest },
  ];
}

/**
 * A condition on `__name__` beside a name is refused by Prometheus (`metric name must not be set twice`), so then the name
 * becomes a condition, too.
 */
function additions(text: string, selector: Selector, added: readonly LabelMatcher[]): TextEdit[] {
  const { name } = selector;
  if (!name || !added.some((one) => one.name === METRIC_NAME)) {
    return [insertion(text, selector, added)];
  }
  const asMatcher: LabelMatcher = { name: METRIC_NAME, operator: '=', value: name.value };
  return name.quoted
    ? [{ from: name.from, to: name.to, text: printMatcher(asMatcher) }, insertion(text, selector, added)]
    : [{ from: name.from, to: name.to, text: '' }, insertion(text, selector, [asMatcher, ...added])];
}

function insertion(text: string, { to, name, braces, matchers }: Selector, added: readonly LabelMatcher[]): TextEdit {
  if (!braces) {
    return { from: to, to, text: `{${print(added)}}` };
  }
  const ends = [...matchers.map((one) => one.to), ...(name?.quoted ? [name.to] : [])];
  if (ends.length === 0) {
    return { from: braces.from + 1, to: braces.from + 1, text: print(added) };
  }
  const at = ends.reduce((last, end) => Math.max(last, end));
  const comma = text.slice(braces.from, braces.to).includes('", ') ? ', ' : ',';
  return { from: at, to: at, text: comma + print(added, comma) };
}

function matchersOf({ matchers }: Selector, name: string): Selector['matchers'] {
  return matchers.filter((one) => one.name === name);
}

function isThere(selector: Selector, { name, operator, value }: LabelMatcher): boolean {
  return matchersOf(selector, name).some((one) => one.operator === operator && one.value === value);
}

function print(matchers: readonly LabelMatcher[], comma = ','): string {
  return matchers.map(printMatcher).join(comma);
}
