import { type SyntaxNode } from '@lezer/common';
import { readGrouping, readLabels } from './aggregations';
import { numberOf } from './durations';
import { type BinaryExpression, type Expression, type LabelList } from './expression';
import { childrenOf, functionName, parsePromql, type PromqlSource, textOf } from './parsePromql';
import { allMatchers, readSelector } from './selectors';
import { unquote } from './stringLiteral';

/** Deeper ones would overflow the stack; people write fewer than twenty levels. */
const MAX_DEPTH = 500;

/** Reads the meaning of an expression. `undefined` when it cannot be read, or is nested beyond reason. */
export function readExpression(text: string): Expression | undefined {
  try {
    const source = parsePromql(text);
    return new Reader(source).argument(childrenOf(source.tree.topNode)[0], 0);
  } catch {
    return undefined;
  }
}

class Reader {
  constructor(private readonly source: PromqlSource) {}

  /** A term with delimiters around it: parentheses add nothing there. */
  argument(node: SyntaxNode, depth: number): Expression {
    let inner = node;
    while (inner.name === 'ParenExpr') {
      inner = childrenOf(inner)[0];
    }
    return this.read(inner, depth + 1);
  }

  private read(node: SyntaxNode, depth: number): Expression {
    if (depth > MAX_DEPTH) {
      throw new RangeError('nested too deeply');
    }
    switch (node.name) {
      case 'NumberDurationLiteral':
        return { type: 'number', value: this.number(node) };
      case 'StringLiteral':
        return { type: 'string', value: unquote(this.text(node)) ?? '' };
      case 'VectorSelector':
        return { type: 'selector', matchers: allMatchers(readSelector(this.source, node)) };
      case 'FunctionCall':
        return { type: 'call', name: functionName(this.source, node), args: this.args(node, depth) };
      case 'AggregateExpr':
        return this.aggregation(node, depth);
      case 'BinaryExpr':
        return this.binary(node, depth);
      case 'ParenExpr':
        return this.parenthesis(node, depth);
      default:
        return this.wrapped(node, depth);
    }
  }

  private aggregation(node: SyntaxNode, depth: number): Expression {
    const operator = this.text(childrenOf(node)[0]).toLowerCase();
    const grouping = readGrouping(this.source, node);
    const list = labelList(grouping?.kind ?? 'by', grouping?.labels ?? []);
    return { type: 'aggregation', operator, grouping: list, args: this.args(node, depth) };
  }

  private binary(node: SyntaxNode, depth: number): BinaryExpression {
    const [left, operator, ...rest] = childrenOf(node);
    const right = rest[rest.length - 1];
    const matching = rest.find(({ name }) => name === 'MatchingModifierClause');
    const fill = rest.find(({ name }) => name === 'FillModifier');
    return {
      type: 'binary',
      operator: this.text(operator).toLowerCase(),
      bool: rest.some(({ name }) => name === 'BoolModifier'),
      ...this.matching(matching),
      fill: fill ? this.text(fill) : '',
      left: this.read(left, depth + 1),
      right: this.read(right, depth + 1),
    };
  }

  private matching(clause: SyntaxNode | undefined): Pick<BinaryExpression, 'matching' | 'group'> {
    if (!clause) {
      return { matching: labelList('without', []), group: '' };
    }
    const [labels, added] = clause.getChildren('GroupingLabels').map((list) => readLabels(this.source, list));
    const side = clause.getChild('GroupLeft') ? 'left' : clause.getChild('GroupRight') ? 'right' : undefined;
    return {
      matching: labelList(clause.getChild('On') ? 'by' : 'without', labels),
      group: side ? JSON.stringify([side, ...labelList('by', added ?? []).labels]) : '',
    };
  }

  /**
   * Parentheses around anything with an operator or a modifier are kept: whether they are redundant depends on precedence, and
   * the grammar binds `offset`, `@` and signs other than Prometheus does (`a + b offset 5m`, `-1 ^ 2`).
   */
  private parenthesis(node: SyntaxNode, depth: number): Expression {
    const [inner] = childrenOf(node);
    const arg = inner.name === 'ParenExpr' ? this.parenthesis(inner, depth + 1) : this.read(inner, depth + 1);
    const isTerm =
      ['selector', 'call', 'aggregation', 'string'].includes(arg.type) || (arg.type === 'wrapped' && arg.by === '()');
    return isTerm ? arg : { type: 'wrapped', by: '()', arg };
  }

  private wrapped(node: SyntaxNode, depth: number): Expression {
    const [first, ...rest] = childrenOf(node);
    if (node.name === 'UnaryExpr') {
      return { type: 'wrapped', by: this.text(first), arg: this.read(rest[0], depth + 1) };
    }
    const by = [node.name, ...rest.map((part) => this.modifier(part))].join(' ');
    return { type: 'wrapped', by, arg: this.read(first, depth + 1) };
  }

  /** Durations by their value; what is computed stays as it is written. */
  private modifier(node: SyntaxNode): string {
    const text = this.text(node);
    switch (node.name) {
      case 'AtModifierPreprocessors':
        return `${text.replace(/\(.*/s, '').trim().toLowerCase()}()`;
      case 'DurationExpr':
      case 'OffsetDurationExpr':
      case 'NumberDurationLiteral':
        return String(numberOf(plainText(text)) ?? `(${plainText(text)})`);
      default:
        return node.name;
    }
  }

  private args(node: SyntaxNode, depth: number): Expression[] {
    const body = node.getChild('FunctionCallBody');
    return body ? childrenOf(body).map((arg) => this.argument(arg, depth + 1)) : [];
  }

  private number(node: SyntaxNode): number {
    const value = numberOf(plainText(this.text(node)));
    if (value === undefined) {
      throw new RangeError('not a number this program knows');
    }
    return value;
  }

  private text(node: SyntaxNode): string {
    return textOf(this.source, node);
  }
}

/** Without comments and with single spaces; for texts that hold no strings. */
function plainText(text: string): string {
  return text
    .replace(/#[^\r\n]*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function labelList(kind: LabelList['kind'], labels: ReadonlyArray<{ name: string }>): LabelList {
  return { kind, labels: [...new Set(labels.map(({ name }) => name))].sort() };
}
