import { type SyntaxNode, type Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { PromkeepError } from '../core/errors';
import { unquote } from './stringLiteral';

/** An expression that was read without a fault. Positions in the tree are positions in the text. */
export interface PromqlSource {
  text: string;
  tree: Tree;
}

/** Strings, comments and names: whatever else there is needs no care before parsing. */
const TOKENS = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`|#[^\r\n]*\r?|[a-zA-Z_:][a-zA-Z0-9_:]*/g;

/** May stand before a parenthesis without being functions, in any case of letters. */
const KEYWORDS = new Set(
  (
    'and atan2 avg bool bottomk by count count_values end fill fill_left fill_right group group_left group_right ignoring ' +
    'inf limit_ratio limitk max max_of min min_of nan offset on or quantile range start stddev stdvar step sum topk unless without'
  ).split(' ')
);

/** Any function the grammar knows, of the shortest name there is. */
const STAND_IN = 'ln';

/**
 * Reads a PromQL expression. Functions are taken by any name: the server knows which it has (experimental ones, those of
 * older and newer versions). Throws `QUERY_INVALID` with line and column of the first fault.
 *
 * The parser gives up beyond a few hundred operators in a row and some 2,800 nested parentheses; such expressions are
 * refused, too.
 */
export function parsePromql(text: string): PromqlSource {
  const source = { text, tree: parse(text) };
  const at = firstFault(source);
  if (at !== undefined) {
    throw syntaxFault(text, at);
  }
  return source;
}

/** The text of a node. */
export function textOf({ text }: PromqlSource, { from, to }: { from: number; to: number }): string {
  return text.slice(from, to);
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.name !== 'LineComment') {
      children.push(child);
    }
  }
  return children;
}

/** A function's name as written; the node's own range is that of its stand-in. */
export function functionName({ text }: PromqlSource, call: SyntaxNode): string {
  return /^[a-zA-Z0-9_:]*/.exec(text.slice(call.from))?.[0] ?? '';
}

function parse(text: string): Tree {
  try {
    return parser.parse(maskForGrammar(text));
  } catch (cause) {
    // lezer builds its tree recursively
    if (cause instanceof RangeError) {
      throw new PromkeepError('QUERY_INVALID', 'The PromQL expression is nested too deeply.', { cause });
    }
    throw cause;
  }
}

/**
 * A text of the same length that the grammar reads as Prometheus reads the original: the grammar knows functions by a fixed
 * list, and lets comments run on beyond a lone carriage return.
 */
function maskForGrammar(text: string): string {
  return text.replace(TOKENS, (token, at: number) => {
    if (token[0] === '#') {
      return token.endsWith('\r') ? `${token.slice(0, -1)}\n` : token;
    }
    const isCall = /[a-zA-Z_:]/.test(token[0]) && opensParenthesis(text, at + token.length);
    return isCall && !KEYWORDS.has(token.toLowerCase()) ? STAND_IN.padEnd(token.length) : token;
  });
}

function opensParenthesis(text: string, from: number): boolean {
  let at = from;
  while (' \t\r\n'.includes(text[at] ?? '-')) {
    at++;
  }
  return text[at] === '(';
}

function firstFault(source: PromqlSource): number | undefined {
  let fault: number | undefined;
  source.tree.iterate({
    enter(node) {
      // the grammar takes strings that are not closed, and any escape
      if (node.type.isError || (node.name === 'StringLiteral' && unquote(textOf(source, node)) === undefined)) {
        fault = Math.min(fault ?? Infinity, node.from);
      }
    },
  });
  return fault;
}

function syntaxFault(text: string, at: number): PromkeepError {
  const before = text.slice(0, at).split('\n');
  const near = text.slice(at, at + 20).split('\n')[0];
  const where = `line ${before.length}, column ${before[before.length - 1].length + 1}`;
  const what = near === '' ? 'something is missing' : `cannot be read from here: ${near}`;
  return new PromkeepError('QUERY_INVALID', `The PromQL expression has a fault in ${where}: ${what}`);
}
