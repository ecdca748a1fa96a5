import { type SyntaxNode } from '@lezer/common';
import { childrenOf, type PromqlSource } from './parsePromql';
import { labelName, type Span, spanOf } from './selectors';

export interface Grouping {
  kind: 'by' | 'without';
  /** With its parentheses. */
  list: Span;
  labels: Array<Span & { name: string }>;
}

/** An aggregation and where its parts stand. */
export interface Aggregation {
  operator: Span;
  grouping?: Grouping;
}

export function aggregationsOf(source: PromqlSource): Aggregation[] {
  const found: Aggregation[] = [];
  source.tree.iterate({
    enter({ name, node }) {
      const operator = name === 'AggregateExpr' ? node.getChild('AggregateOp') : null;
      if (operator) {
        const grouping = readGrouping(source, node);
        found.push({ operator: spanOf(operator), ...(grouping ? { grouping } : {}) });
      }
    },
  });
  return found;
}

/** @param aggregation an `AggregateExpr` */
export function readGrouping(source: PromqlSource, aggregation: SyntaxNode): Grouping | undefined {
  const modifier = aggregation.getChild('AggregateModifier');
  const list = modifier?.getChild('GroupingLabels');
  return modifier && list
    ? { kind: modifier.getChild('By') ? 'by' : 'without', list: spanOf(list), labels: readLabels(source, list) }
    : undefined;
}

/** @param list `GroupingLabels`: what stands in parentheses after `by`, `on`, `group_left`, … */
export function readLabels(source: PromqlSource, list: SyntaxNode): Grouping['labels'] {
  return childrenOf(list).map((node) => ({ ...spanOf(node), name: labelName(source, node) }));
}
