import { type SyntaxNode } from '@lezer/common';
import { type LabelMatcher } from '../core/model/labelMatcher';
import { METRIC_NAME } from './labelNames';
import { childrenOf, functionName, type PromqlSource, textOf } from './parsePromql';
import { unquote } from './stringLiteral';

export interface Span {
  from: number;
  to: number;
}

/** A vector selector and where its parts stand. */
export interface Selector extends Span {
  /** The metric's name before the braces, or quoted and alone in them. */
  name?: Span & { value: string; quoted: boolean };
  /** With the braces themselves. */
  braces?: Span;
  matchers: WrittenMatcher[];
}

export interface WrittenMatcher extends Span, LabelMatcher {
  operatorSpan: Span;
  valueSpan: Span;
}

const OPERATORS: ReadonlyArray<LabelMatcher['operator']> = ['=', '!=', '=~', '!~'];

/**
 * Every vector selector of the expression in the order of the text. The second argument of `info` is not one: it names labels
 * to add, and matchers there would change which.
 */
export function selectorsOf(source: PromqlSource): Selector[] {
  const found: Selector[] = [];
  source.tree.iterate({
    enter({ name, node }) {
      if (name === 'VectorSelector' && !isDataLabelsOfInfo(source, node)) {
        found.push(readSelector(source, node));
      }
    },
  });
  return found;
}

/** @param node a `VectorSelector` */
export function readSelector(source: PromqlSource, node: SyntaxNode): Selector {
  const selector: Selector = { from: node.from, to: node.to, matchers: [] };
  for (const part of childrenOf(node)) {
    if (part.name === 'Identifier') {
      selector.name = { ...spanOf(part), value: textOf(source, part), quoted: false };
    } else if (part.name === 'LabelMatchers') {
      selector.braces = spanOf(part);
      readBraces(source, part, selector);
    }
  }
  return selector;
}

/** The conditions of a selector with its name among them, as `__name__`. */
export function allMatchers({ name, matchers }: Selector): LabelMatcher[] {
  const plain = matchers.map((one): LabelMatcher => ({ name: one.name, operator: one.operator, value: one.value }));
  return name ? [{ name: METRIC_NAME, operator: '=', value: name.value }, ...plain] : plain;
}

/** A label as written, plain or quoted. */
export function labelName(source: PromqlSource, node: SyntaxNode): string {
  const text = textOf(source, node);
  return node.name === 'QuotedLabelName' ? (unquote(text) ?? text) : text;
}

export function spanOf({ from, to }: Span): Span {
  return { from, to };
}

function readBraces(source: PromqlSource, braces: SyntaxNode, selector: Selector): void {
  for (const item of childrenOf(braces)) {
    if (item.name === 'QuotedLabelName') {
      selector.name = { ...spanOf(item), value: labelName(source, item), quoted: true };
      continue;
    }
    const [label, operator, value] = childrenOf(item);
    const written = textOf(source, operator);
    selector.matchers.push({
      ...spanOf(item),
      name: labelName(source, label),
      operator: OPERATORS.find((one) => one === written) ?? '=',
      value: unquote(textOf(source, value)) ?? '',
      operatorSpan: spanOf(operator),
      valueSpan: spanOf(value),
    });
  }
}

function isDataLabelsOfInfo(source: PromqlSource, selector: SyntaxNode): boolean {
  const call = selector.parent?.name === 'FunctionCallBody' ? selector.parent.parent : null;
  return (
    call?.name === 'FunctionCall' &&
    functionName(source, call) === 'info' &&
    selector.parent?.firstChild?.from !== selector.from
  );
}
