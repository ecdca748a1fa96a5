import fc from 'fast-check';

/** Characters where engines differ: cases that fold beyond ASCII (K, ſ, Greek sigmas), line ends, astral ones, word ends. */
const CHARACTERS = [
  ...'abkKs1_-. \n\r\t',
  '\u00e9',
  '\u212a',
  '\u017f',
  '\u03c3',
  '\u03c2',
  '\u03a3',
  '\u2028',
  '\u{1f600}',
];

const character = fc.constantFrom(...CHARACTERS);
export const text = fc.array(character, { maxLength: 8 }).map((all) => all.join(''));

const literal = fc.oneof(
  fc.constantFrom(...[...CHARACTERS].filter((one) => one !== '.')),
  fc.constantFrom('\\.', '\\x61', '\\x{212a}', '\\n', '\\-', '\\_', '\\141', '\\a', '\\Qa.b\\E', '\\Q', '\\C')
);
const shorthand = fc.constantFrom(
  ...[
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\pL',
    '\\PL',
    '\\p{Lu}',
    '\\P{Ll}',
    '\\p{^Lu}',
    '\\p{Greek}',
    '\\pN',
    '\\p{Any}',
  ],
  ...['\\p{L}', '\\p{None}']
);
const posix = fc.constantFrom(
  ...'alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit ^alpha ^space none'
    .split(' ')
    .map((name) => `[:${name}:]`)
);
const range = fc.tuple(character, character).map(([from, to]) => `${from}-${to}`);
const charClass = fc
  .tuple(
    fc.constantFrom('[', '[^', '[]', '[-', '[^]'),
    fc.array(fc.oneof(literal, character, range, posix, shorthand), { minLength: 1, maxLength: 3 }),
    fc.constantFrom(']', '-]')
  )
  .map(([open, parts, close]) => open + parts.join('') + close);
const assertion = fc.constantFrom(
  '^',
  '$',
  '\\b',
  '\\B',
  '\\A',
  '\\z',
  '\\Z',
  '(?=a)',
  '\\1',
  '(?i)',
  '(?s)',
  '(?-s)',
  '(?m)',
  '(?U)'
);
const repetition = fc.constantFrom(
  ...[
    '',
    '',
    '',
    '',
    '*',
    '+',
    '?',
    '*?',
    '+?',
    '??',
    '{0}',
    '{2}',
    '{1,2}',
    '{1,}',
    '{0,1}?',
    '{,2}',
    '{2,1}',
    '**',
    '{3}',
  ],
  '{2}{2}'
);
const group = fc.constantFrom(
  '(',
  '(?:',
  '(?P<a>',
  '(?<b>',
  '(?i:',
  '(?m:',
  '(?-s:',
  '(?i-s:',
  '(?U:',
  '(?^:',
  '(?P=a',
  '(?#'
);

const { pattern } = fc.letrec<{ pattern: string; item: string; grouped: string }>((tie) => ({
  grouped: fc.tuple(group, tie('pattern')).map(([open, inner]) => `${open}${inner})`),
  item: fc
    .tuple(
      fc.oneof(
        { maxDepth: 3 },
        { weight: 5, arbitrary: literal },
        { weight: 2, arbitrary: fc.constantFrom('.', 'a', 'b') },
        { weight: 2, arbitrary: charClass },
        { weight: 1, arbitrary: shorthand },
        { weight: 1, arbitrary: assertion },
        { weight: 2, arbitrary: tie('grouped') }
      ),
      repetition
    )
    .map(([one, repeated]) => one + repeated),
  pattern: fc
    .array(fc.array(tie('item'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((branches) => branches.map((items) => items.join('')).join('|')),
}));

/** What no grammar would write. */
const noise = fc
  .array(fc.constantFrom(...'ab1,()[]{}?*+|^$\\.:<>-=PQEiUpLxz_!&'), { maxLength: 12 })
  .map((all) => all.join(''));

export const anyPattern = fc.oneof({ weight: 3, arbitrary: pattern }, { weight: 1, arbitrary: noise });
