import { type SyntaxNode, type Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { PromkeepError } from '../core/model/errors';
import { atMost, LIMITS } from '../core/model/limits';
import { unquote } from './stringLiteral';

/** An expression that was read without a fault. Positions in the tree are positions in the text. */
export interface PromqlSource {
  text: string;
  tree: Tree;
}

/**
 * Strings, comments and names: whatever else there is needs no care before parsing. A string that is not closed is one as well:
 * otherwise each quote in it would be gone through to the end.
 */
const TOKENS = /"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|`[^`]*`?|#[^\r\n]*\r?|[a-zA-Z_:][a-zA-Z0-9_:]*/g;

const QUOTES = new Set(['"', "'", '`']);

/** May stand before a parenthesis without being functions, in any case of letters. */
const KEYWORDS = new Set(
  (
    'and atan2 avg bool bottomk by count count_values end fill fill_left fill_right group group_left group_right ignoring ' +
    'inf limit_ratio limitk max max_of min min_of nan offset on or quantile range start stddev stdvar step sum topk unless without'
  ).split(' ')
);

/** Any function the grammar knows, of the shortest name there is. */
const STAND_IN = 'ln';

/** Gives up at the first fault: what lezer does to go on behind one took 1.6 s for 20,000 characters. */
const strict = parser.configure({ strict: true });

/**
 * Reads a PromQL expression. Functions are taken by any name: the server knows which it has (experimental ones, those of
 * older and newer versions). Throws `QUERY_INVALID` with line and column of the first fault, `LIMIT_EXCEEDED` for a text that is
 * too long to be read here.
 *
 * The parser gives up beyond a few hundred operators in a row and some 2,800 nested parentheses; such expressions are
 * refused, too.
 */
export function parsePromql(text: string): PromqlSource {
  atMost(text, LIMITS.parsedExpressionLength, 'A PromQL expression that is changed or compared');
  const { masked, badString } = maskForGrammar(text);
  const parsed = parse(masked);
  const at = Math.min(badString, typeof parsed === 'number' ? parsed : firstError(parsed));
  if (typeof parsed === 'number' || at < Infinity) {
    throw syntaxFault(text, at);
  }
  return { text, tree: parsed };
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

/** The tree, or where the text stops making sense. */
function parse(text: string): Tree | number {
  try {
    return strict.parse(text);
  } catch (cause) {
    const [, at] = /^No parse at (\d+)/.exec(cause instanceof SyntaxError ? cause.message : '') ?? [];
    if (at !== undefined) {
      return Number(at);
    }
    // lezer builds its tree recursively
    if (cause instanceof RangeError) {
      throw new PromkeepError('QUERY_INVALID', 'The PromQL expression is nested too deeply.', { cause });
    }
    throw cause;
  }
}

/**
 * A text of the same length that the grammar reads as Prometheus reads the original: the grammar knows functions by a fixed
 * list, and lets comments run on beyond a lone carriage return. Also where the first string stands that is not closed or has an
 * escape Prometheus does not know, which the grammar takes.
 */
function maskForGrammar(text: string): { masked: string; badString: number } {
  let badString = Infinity;
  const masked = text.replace(TOKENS, (token, at: number) => {
    if (token[0] === '#') {
      return token.endsWith('\r') ? `${token.slice(0, -1)}\n` : token;
    }
    if (QUOTES.has(token[0]) && unquote(token) === undefined) {
      badString = Math.min(badString, at);
    }
    const isCall = /[a-zA-Z_:]/.test(token[0]) && opensParenthesis(text, at + token.length);
    return isCall && !KEYWORDS.has(token.toLowerCase()) ? STAND_IN.padEnd(token.length) : token;
  });
  return { masked, badString };
}

function opensParenthesis(text: string, from: number): boolean {
  let at = from;
  while (' \t\r\n'.includes(text[at] ?? '-')) {
    at++;
  }
  return text[at] === '(';
}

/** Where the nesting becomes too deep for it, the parser puts an error into the tree. */
function firstError(tree: Tree): number {
  let at = Infinity;
  tree.iterate({
    enter({ type, from }) {
      at = type.isError ? Math.min(at, from) : at;
    },
  });
  return at;
}

function syntaxFault(text: string, at: number): PromkeepError {
  const before = text.slice(0, at).split('\n');
  const near = text.slice(at, at + 20).split('\n')[0];
  const where = `line ${before.length}, column ${before[before.length - 1].length + 1}`;
  const what = near === '' ? 'something is missing' : `cannot be read from here: ${near}`;
  return new PromkeepError('QUERY_INVALID', `The PromQL expression has a fault in ${where}: ${what}`);
}
