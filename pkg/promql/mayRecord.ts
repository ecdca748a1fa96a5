import { type SyntaxNode } from '@lezer/common';
import { asPromkeepError } from '../core/model/errors';
import { childrenOf, functionName, parsePromql, type PromqlSource, textOf } from './parsePromql';

export type MayRecord = { ok: true } | { ok: false; reason: string };

/**
 * Whether an expression can be a recorded query: its value at a time must not depend on the request it was part of, nor on
 * when it was asked [A6].
 *
 * `time()`, `timestamp()`, `hour()` and the like are fine: they speak of the time that is evaluated, which is the grid's.
 * So is a subquery without a step (`[1h:]`): its step is a setting of the server, and its grid is the epoch's.
 */
export function mayRecord(expr: string): MayRecord {
  const reason = refusal(expr);
  return reason === undefined ? { ok: true } : { ok: false, reason };
}

function refusal(expr: string): string | undefined {
  const code = withoutStrings(expr);
  if (code.trim() === '') {
    return 'the expression is empty';
  }
  const variable = /\$(__\w+|\{\w[^{}$]*\}|\w+)/.exec(code);
  if (variable) {
    return `"${variable[0]}" is a Grafana variable, and a recorded query runs without a dashboard`;
  }
  try {
    const source = parsePromql(expr);
    return refusedResult(source) ?? refusedPart(source);
  } catch (error) {
    return asPromkeepError(error).message;
  }
}

/** A range query gives series of numbers, one value at each time. */
function refusedResult(source: PromqlSource): string | undefined {
  let node = childrenOf(source.tree.topNode).at(0);
  while (node && ['ParenExpr', 'OffsetExpr', 'StepInvariantExpr', 'AnchoredExpr', 'SmoothedExpr'].includes(node.name)) {
    node = childrenOf(node).at(0);
  }
  switch (node?.name) {
    case 'StringLiteral':
      return 'its result is a string, and only numbers are archived';
    case 'MatrixSelector':
    case 'SubqueryExpr':
      return 'its result is a range of samples at each time; put a function such as rate() or last_over_time() around it';
    default:
      return undefined;
  }
}

function refusedPart(source: PromqlSource): string | undefined {
  let reason: string | undefined;
  source.tree.iterate({
    enter({ name, node }) {
      reason ??= REFUSED_NODES[name]?.(source, node);
      return reason === undefined;
    },
  });
  return reason;
}

type Check = (source: PromqlSource, node: SyntaxNode) => string | undefined;

const REFUSED_NODES: Readonly<Record<string, Check>> = {
  AtModifierPreprocessors: (source, node) =>
    dependsOnRequest(`@ ${textOf(source, node).replace(/\(.*/s, '').trim().toLowerCase()}()`),
  FunctionCall(source, node) {
    const name = functionName(source, node);
    return ['step', 'range', 'start', 'end'].includes(name) ? dependsOnRequest(`${name}()`) : undefined;
  },
  DurationStep: () => dependsOnRequest('step()'),
  DurationRange: () => dependsOnRequest('range()'),
  // it interpolates with the sample after the time, which may not have been scraped yet
  SmoothedExpr: () => '"smoothed" looks at samples after the time it is evaluated at, which may not be there yet',
  // any minus counts: what `(5m - step)` comes to is not worth a calculator
  OffsetDurationExpr: (source, node) =>
    withoutStrings(textOf(source, node)).includes('-')
      ? 'a negative offset looks at samples after the time it is evaluated at, which may not be there yet'
      : undefined,
};

function dependsOnRequest(what: string): string {
  return `"${what}" depends on the request, so its value at a time would not be the same in every request`;
}

/** Blanks string literals and comments; label values may hold anything. */
function withoutStrings(expression: string): string {
  return expression.replace(/"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|`[^`]*`?|#[^\r\n]*/g, (text) =>
    text[0] === '#' ? '' : '""'
  );
}
