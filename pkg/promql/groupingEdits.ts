import { type Aggregation, type Grouping } from './aggregations';
import { printGroupingLabel } from './labelNames';
import { type TextEdit } from './textEdits';

/** What makes an aggregation keep the labels `keys`: adds them to `by`, takes them from `without`. */
export function groupingEdits(text: string, { operator, grouping }: Aggregation, keys: readonly string[]): TextEdit[] {
  if (keys.length === 0) {
    return [];
  }
  if (!grouping) {
    const space = /\s/.test(text[operator.to]) ? '' : ' ';
    return [{ from: operator.to, to: operator.to, text: ` by (${print(keys, ', ')})${space}` }];
  }
  return grouping.kind === 'by' ? additions(text, grouping, keys) : removals(text, grouping, keys);
}

function additions(text: string, { list, labels }: Grouping, keys: readonly string[]): TextEdit[] {
  const missing = keys.filter((key) => !labels.some(({ name }) => name === key));
  if (missing.length === 0) {
    return [];
  }
  const last = labels.at(-1);
  if (!last) {
    return [{ from: list.from + 1, to: list.from + 1, text: print(missing, ', ') }];
  }
  const comma = labels.length > 1 && !/,\s/.test(text.slice(list.from, list.to)) ? ',' : ', ';
  return [{ from: last.to, to: last.to, text: comma + print(missing, comma) }];
}

/** Takes the labels and one comma for each, and leaves what else stands between them. */
function removals(text: string, { list, labels }: Grouping, keys: readonly string[]): TextEdit[] {
  const goes = labels.map(({ name }) => keys.includes(name));
  const commas = labels.map(({ to }, i) => commaBetween(text, to, labels[i + 1]?.from ?? list.to));
  const lastKept = goes.lastIndexOf(false);
  return labels.flatMap(({ from, to }, i) => {
    const comma = commas[i];
    if (goes[i]) {
      return [{ from, to, text: '' }, ...(comma === undefined ? [] : [removeComma(text, comma)])];
    }
    const isLastNow = i === lastKept && i < labels.length - 1 && commas.at(-1) === undefined;
    return isLastNow && comma !== undefined ? [removeComma(text, comma)] : [];
  });
}

function removeComma(text: string, at: number): TextEdit {
  return { from: at, to: text[at + 1] === ' ' ? at + 2 : at + 1, text: '' };
}

/** Comments may hold commas. */
function commaBetween(text: string, from: number, to: number): number | undefined {
  for (let at = from; at < to; at++) {
    if (text[at] === ',') {
      return at;
    }
    if (text[at] === '#') {
      while (at < to && text[at] !== '\n' && text[at] !== '\r') {
        at++;
      }
    }
  }
  return undefined;
}

function print(keys: readonly string[], comma: string): string {
  return keys.map(printGroupingLabel).join(comma);
}
