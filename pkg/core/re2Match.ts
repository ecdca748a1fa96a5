import { PromkeepError } from './errors';
import { parseRe2, type Re2Node } from './re2Pattern';

/**
 * Whether a whole text matches. All ways through the pattern are followed at once, so the time grows with the length of text
 * times that of the pattern and never faster.
 */
export type TextTest = (text: string) => boolean;

type State =
  | { kind: 'char'; test: (character: string) => boolean; next: number }
  | { kind: 'split'; next: number[] }
  | { kind: 'assert'; holds: (text: readonly string[], at: number) => boolean; next: number }
  | { kind: 'accept' };

/** States of the largest pattern; `(x{1000}){1000}` would be a million. */
const MAX_STATES = 20_000;

/** Compiles a pattern as Prometheus does for a label: RE2, matching the whole value. Throws `QUERY_INVALID`. */
export function compileRe2(pattern: string): TextTest {
  const states: State[] = [];
  const add = (state: State): number => {
    if (states.length >= MAX_STATES) {
      throw new PromkeepError('QUERY_INVALID', `The regular expression ${JSON.stringify(pattern)} is too large.`);
    }
    return states.push(state) - 1;
  };
  const start = build(parseRe2(pattern), add({ kind: 'accept' }), add, states);
  return (text) => run(states, start, [...text]);
}

type Add = (state: State) => number;

/** Adds the states of a node that goes on to `next`; gives where it begins. */
function build(node: Re2Node, next: number, add: Add, states: State[]): number {
  switch (node.type) {
    case 'empty':
      return next;
    case 'char':
      return add({ kind: 'char', test: node.test, next });
    case 'begin':
      return add({ kind: 'assert', holds: (_, at) => at === 0, next });
    case 'end':
      return add({ kind: 'assert', holds: (text, at) => at === text.length, next });
    case 'wordBoundary':
      return add({ kind: 'assert', holds: (text, at) => isBoundary(text, at) !== node.negated, next });
    case 'sequence':
      return node.items.reduceRight((follow, item) => build(item, follow, add, states), next);
    case 'choice':
      return add({ kind: 'split', next: node.items.map((item) => build(item, next, add, states)) });
    case 'repeat':
      return buildRepeat(node, next, add, states);
  }
}

function buildRepeat(
  { item, min, max }: Extract<Re2Node, { type: 'repeat' }>,
  next: number,
  add: Add,
  states: State[]
): number {
  let follow = next;
  if (max === Infinity) {
    const loop: State = { kind: 'split', next: [next] };
    follow = add(loop);
    loop.next.push(build(item, follow, add, states));
  } else {
    for (let i = min; i < max; i++) {
      follow = add({ kind: 'split', next: [next, build(item, follow, add, states)] });
    }
  }
  for (let i = 0; i < min; i++) {
    follow = build(item, follow, add, states);
  }
  return follow;
}

function run(states: readonly State[], start: number, text: readonly string[]): boolean {
  let current = reach(states, [start], text, 0);
  for (let at = 0; at < text.length && current.size > 0; at++) {
    const stepped: number[] = [];
    for (const index of current) {
      const state = states[index];
      if (state.kind === 'char' && state.test(text[at])) {
        stepped.push(state.next);
      }
    }
    current = reach(states, stepped, text, at + 1);
  }
  return [...current].some((index) => states[index].kind === 'accept');
}

/** All states that are reached without reading a character. */
function reach(
  states: readonly State[],
  from: readonly number[],
  text: readonly string[],
  at: number
): ReadonlySet<number> {
  const reached = new Set<number>(from);
  // A set is walked in the order of insertion, including what is added on the way.
  for (const index of reached) {
    const state = states[index];
    if (state.kind === 'split') {
      state.next.forEach((one) => reached.add(one));
    } else if (state.kind === 'assert' && state.holds(text, at)) {
      reached.add(state.next);
    }
  }
  return reached;
}

function isBoundary(text: readonly string[], at: number): boolean {
  return isWord(text[at - 1]) !== isWord(text[at]);
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /^[0-9A-Za-z_]$/.test(character);
}
