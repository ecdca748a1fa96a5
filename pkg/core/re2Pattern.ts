import { PromkeepError } from './errors';

/**
 * A regular expression as Prometheus reads it (RE2), as a tree. Read by hand because JavaScript's engine means other things by
 * some of the same text, has constructs RE2 does not know, and backtracks: a pattern typed into a filter could stop the
 * process. What is not certain to mean the same here is refused, never guessed.
 */
export type Re2Node =
  | { type: 'empty' }
  /** One character that `test` accepts. */
  | { type: 'char'; test: (character: string) => boolean }
  | { type: 'begin' }
  | { type: 'end' }
  | { type: 'wordBoundary'; negated: boolean }
  | { type: 'sequence'; items: Re2Node[] }
  | { type: 'choice'; items: Re2Node[] }
  /** `max` is Infinity for no limit. */
  | { type: 'repeat'; item: Re2Node; min: number; max: number };

interface Flags {
  ignoreCase: boolean;
  /** The dot matches a line feed, too; Prometheus switches it on. */
  dotAll: boolean;
}

type CharTest = (character: string) => boolean;

/** RE2's own limit on a counted repetition. */
const MAX_REPEAT = 1_000;
const MAX_DEPTH = 200;
const MAX_LENGTH = 10_000;

const SHORTHANDS: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: '\\t\\n\\f\\r ' };
const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', f: '\f', t: '\t', n: '\n', r: '\r', v: '\v' };
const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** Throws `QUERY_INVALID` for what RE2 refuses and for what is not understood here. */
export function parseRe2(pattern: string): Re2Node {
  if (pattern.length > MAX_LENGTH) {
    throw refused(pattern.slice(0, 40), `is longer than ${MAX_LENGTH} characters`);
  }
  return new Parser(pattern).whole();
}

class Parser {
  /** By code points: a character outside of the first plane is one. */
  private readonly text: string[];
  private at = 0;

  constructor(private readonly pattern: string) {
    this.text = [...pattern];
  }

  whole(): Re2Node {
    const node = this.choice({ ignoreCase: false, dotAll: true }, 0);
    if (this.at < this.text.length) {
      throw this.fault('has a ) without its (');
    }
    return node;
  }

  /** Flags set in the middle of a group hold until its end, across `|`. */
  private choice(flags: Flags, depth: number): Re2Node {
    if (depth > MAX_DEPTH) {
      throw this.fault('is nested too deeply');
    }
    const branches: Re2Node[] = [];
    let items: Re2Node[] = [];
    let current = flags;
    while (this.at < this.text.length && this.text[this.at] !== ')') {
      if (this.take('|')) {
        branches.push(sequence(items));
        items = [];
        continue;
      }
      const set = this.flagsOnly(current);
      if (set) {
        current = set;
        continue;
      }
      items.push(this.repeated(this.atom(current, depth)));
    }
    branches.push(sequence(items));
    return branches.length === 1 ? branches[0] : { type: 'choice', items: branches };
  }

  private repeated(atom: Re2Node): Re2Node {
    const bounds = this.bounds();
    if (!bounds) {
      return atom;
    }
    // greedy or not does not matter for whether the whole text matches
    this.take('?');
    if (this.bounds()) {
      throw this.fault('repeats a repetition');
    }
    return { type: 'repeat', item: atom, ...bounds };
  }

  private bounds(): { min: number; max: number } | undefined {
    if (this.take('*')) {
      return { min: 0, max: Infinity };
    }
    if (this.take('+')) {
      return { min: 1, max: Infinity };
    }
    if (this.take('?')) {
      return { min: 0, max: 1 };
    }
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.text.slice(this.at, this.at + 11).join(''));
    if (!counted) {
      return undefined;
    }
    this.at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3]);
    if (min > MAX_REPEAT || (max !== Infinity && (max > MAX_REPEAT || max < min))) {
      throw this.fault(`has a bad repetition ${counted[0]}`);
    }
    return { min, max };
  }

  private atom(flags: Flags, depth: number): Re2Node {
    const character = this.text[this.at++];
    switch (character) {
      case '(':
        return this.group(flags, depth);
      case '[':
        return { type: 'char', test: this.charClass(flags) };
      case '.':
        return { type: 'char', test: flags.dotAll ? () => true : (one) => one !== '\n' };
      case '^':
        return { type: 'begin' };
      case '$':
        return { type: 'end' };
      case '\\':
        return this.escape(flags);
      case '*':
      case '+':
      case '?':
        throw this.fault(`has nothing to repeat before ${character}`);
      default:
        return literal(character, flags);
    }
  }

  private group(flags: Flags, depth: number): Re2Node {
    let inner = flags;
    if (this.take('?')) {
      const head = /^(?:P?<[A-Za-z_][A-Za-z0-9_]*>|([a-zA-Z]*(?:-[a-zA-Z]+)?):)/.exec(this.rest());
      if (!head) {
        throw this.fault('has a group of a kind that is not supported: (?');
      }
      this.at += [...head[0]].length;
      inner = head[1] === undefined ? flags : this.changeFlags(flags, head[1]);
    }
    const node = this.choice(inner, depth + 1);
    if (!this.take(')')) {
      throw this.fault('has a ( without its )');
    }
    return node;
  }

  /** `(?i)`: no group, but flags for what follows. */
  private flagsOnly(flags: Flags): Flags | undefined {
    const found = /^\(\?([a-zA-Z]*(?:-[a-zA-Z]+)?)\)/.exec(this.rest());
    if (!found || found[1] === '') {
      return undefined;
    }
    this.at += found[0].length;
    return this.changeFlags(flags, found[1]);
  }

  private changeFlags(flags: Flags, text: string): Flags {
    const changed = { ...flags };
    let on = true;
    for (const flag of text) {
      if (flag === '-') {
        on = false;
      } else if (flag === 'i') {
        changed.ignoreCase = on;
      } else if (flag === 's') {
        changed.dotAll = on;
      } else if (flag !== 'U') {
        // U only swaps greedy and not; m would make ^ and $ mean lines
        throw this.fault(`uses the flag ${flag}, which is not supported`);
      }
    }
    return changed;
  }

  private escape(flags: Flags): Re2Node {
    const letter = this.text[this.at];
    if (letter === 'A' || letter === 'z') {
      this.at++;
      return { type: letter === 'A' ? 'begin' : 'end' };
    }
    if (letter === 'b' || letter === 'B') {
      this.at++;
      return { type: 'wordBoundary', negated: letter === 'B' };
    }
    const shorthand = this.shorthand();
    return shorthand === undefined
      ? literal(this.escapedCharacter(), flags)
      : { type: 'char', test: classTest(shorthand, false, flags) };
  }

  /** `\d` and its kin as the inside of a class. */
  private shorthand(): string | undefined {
    const letter = this.text[this.at] ?? '';
    const inside = Object.hasOwn(SHORTHANDS, letter.toLowerCase()) ? SHORTHANDS[letter.toLowerCase()] : undefined;
    if (inside === undefined) {
      return undefined;
    }
    this.at++;
    return letter === letter.toLowerCase() ? inside : complementOf(letter);
  }

  private escapedCharacter(): string {
    const letter = this.text[this.at++];
    if (letter === undefined) {
      throw this.fault('ends in a backslash');
    }
    if (Object.hasOwn(CONTROLS, letter)) {
      return CONTROLS[letter];
    }
    if (letter === 'x') {
      const hex = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(this.rest());
      const code = hex ? parseInt(hex[1] ?? hex[2], 16) : Infinity;
      if (!hex || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        throw this.fault('has a bad escape \\x');
      }
      this.at += hex[0].length;
      return String.fromCodePoint(code);
    }
    if (/[A-Za-z0-9]/.test(letter) || letter > '\x7f') {
      throw this.fault(`uses \\${letter}, which is not supported`);
    }
    return letter;
  }

  /** What stands between `[` and `]`. */
  private charClass(flags: Flags): CharTest {
    const negated = this.take('^');
    let inside = '';
    for (let first = true; first || this.text[this.at] !== ']'; first = false) {
      if (this.at >= this.text.length) {
        throw this.fault('has a [ without its ]');
      }
      inside += this.classPart();
    }
    this.at++;
    return classTest(inside, negated, flags);
  }

  private classPart(): string {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.text.slice(this.at, this.at + 12).join(''));
    if (posix) {
      if (posix[1] !== '' || !Object.hasOwn(POSIX, posix[2])) {
        throw this.fault(`uses ${posix[0]}, which is not supported`);
      }
      this.at += posix[0].length;
      return POSIX[posix[2]];
    }
    if (this.text[this.at] === '\\') {
      this.at++;
      const shorthand = this.shorthand();
      if (shorthand !== undefined) {
        return shorthand;
      }
      this.at--;
    }
    const low = this.classCharacter();
    if (this.text[this.at] !== '-' || this.text[this.at + 1] === ']' || this.at + 1 >= this.text.length) {
      return codeOf(low);
    }
    this.at++;
    const high = this.classCharacter();
    if ((high.codePointAt(0) ?? 0) < (low.codePointAt(0) ?? 0)) {
      throw this.fault(`has a bad range ${low}-${high}`);
    }
    return `${codeOf(low)}-${codeOf(high)}`;
  }

  private classCharacter(): string {
    const character = this.text[this.at++];
    return character === '\\' ? this.escapedCharacter() : character;
  }

  private take(character: string): boolean {
    const found = this.text[this.at] === character;
    this.at += found ? 1 : 0;
    return found;
  }

  /** Enough of what follows for a group's head or a number. */
  private rest(): string {
    return this.text.slice(this.at, this.at + 80).join('');
  }

  private fault(text: string): PromkeepError {
    return refused(this.pattern, text);
  }
}

function refused(pattern: string, text: string): PromkeepError {
  return new PromkeepError('QUERY_INVALID', `The regular expression ${JSON.stringify(pattern)} ${text}.`);
}

function sequence(items: Re2Node[]): Re2Node {
  return items.length === 1 ? items[0] : items.length === 0 ? { type: 'empty' } : { type: 'sequence', items };
}

function literal(character: string, flags: Flags): Re2Node {
  return {
    type: 'char',
    test: flags.ignoreCase ? classTest(codeOf(character), false, flags) : (one) => one === character,
  };
}

/**
 * The engine of JavaScript decides about one character at a time only: there it cannot backtrack, and folds cases as RE2 does
 * (Unicode's simple folding).
 */
function classTest(inside: string, negated: boolean, { ignoreCase }: Flags): CharTest {
  const regex = new RegExp(`^[${negated ? '^' : ''}${inside}]$`, ignoreCase ? 'iu' : 'u');
  return (character) => regex.test(character);
}

function codeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** JavaScript's own `\D`, `\W` mean the same; its `\S` also leaves out spaces beyond ASCII, so that is written out. */
function complementOf(letter: string): string {
  return letter === 'D'
    ? '\\u{0}-\\u{2f}\\u{3a}-\\u{10ffff}'
    : letter === 'W'
      ? '\\u{0}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{5e}\\u{60}\\u{7b}-\\u{10ffff}'
      : '\\u{0}-\\u{8}\\u{b}\\u{e}-\\u{1f}\\u{21}-\\u{10ffff}';
}
