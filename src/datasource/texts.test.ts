import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import english from './locales/en-US/promkeep-prometheus-datasource.json';
import korean from './locales/ko-KR/promkeep-prometheus-datasource.json';
import manifest from './plugin.json';
import { type Catalog } from '../contract/catalog';
import { say } from './texts';

const SOURCES = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name)
);
const CODE = SOURCES.map((name) => ({ name, text: readFileSync(join(__dirname, name), 'utf8') }));

/** Path → names of its places. */
function textsOf(catalog: Catalog, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(catalog).flatMap(([key, text]): Array<[string, string]> => {
      if (typeof text !== 'string') {
        return [...textsOf(text, `${prefix}${key}.`)];
      }
      expect(text.trim()).not.toBe('');
      return [[prefix + key, (text.match(/\{\{\w+\}\}/g) ?? []).sort().join()]];
    })
  );
}

/** Of the largest group, the keys that code puts together: columns, fields with their hints, decisions, refusals, what waits. */
const MADE_OF_PARTS = [
  ...['query', 'step', 'retention', 'state', 'coverage', 'newest', 'changed'],
  ...['name', 'expression', 'step', 'retention'].flatMap((field) => [field, `${field}Hint`]),
  ...['takeBack', 'carryOut'].flatMap((decision) => [decision, `${decision}One`]),
  ...['refusedOff', 'refusedForwarding', 'waitingRetention', 'waitingData', 'waitingRollups'],
];

describe("the datasource's own texts", () => {
  it('exist in every language, with the same places', () => {
    expect([...textsOf(korean)].sort()).toEqual([...textsOf(english)].sort());
    expect(manifest.languages).toEqual(['en-US', 'ko-KR']);
  });

  it('are all spoken somewhere', () => {
    const all = CODE.map(({ text }) => text).join('\n');
    const spoken = [...all.matchAll(/'([a-zA-Z]+(?:\.\w+)*)'|`([a-zA-Z]+\.)\$\{\w+\}`/g)]
      .map(([, key, group]) => key ?? group)
      .filter((one) => one !== 'recorded.')
      .concat(MADE_OF_PARTS.map((name) => `recorded.${name}`));
    const unspoken = [...textsOf(english.promkeep).keys()].filter(
      (key) => !spoken.some((one) => one === key || (one.endsWith('.') && key.startsWith(one)))
    );
    expect(unspoken).toEqual([]);
  });

  it('leave no text of an editor untranslated', () => {
    expect(CODE.flatMap(({ name, text }) => untranslated(name, text))).toEqual([]);
  });

  it('keep what is filled into them as it is', () => {
    expect(say('summary.describeBy', { metrics: 'a & <b>', label: 'job' })).toBe('Summary: a & <b> by job');
  });
});

/** Properties whose value people read. */
const READ_BY_PEOPLE =
  /^(label|title|description|tooltip|text|placeholder|error|message|content|alt|confirmText|aria-label|url(Label|Tooltip))$/;
/** Examples of what to type are the same in every language. */
const EXAMPLE = /^(https?:\/\/\S+|[\w.:-]+|-----BEGIN CERTIFICATE-----)$/;

function untranslated(name: string, text: string): string[] {
  const found: string[] = [];
  const note = (property: string, value: string): void => {
    if (/\p{L}{2}/u.test(value) && !(property === 'placeholder' && EXAMPLE.test(value))) {
      found.push(`${name}: ${property} "${value.trim()}"`);
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) {
      note('text', node.text);
    } else if (ts.isJsxAttribute(node) || ts.isPropertyAssignment(node)) {
      const property = node.name.getText().replace(/['"]/g, '');
      const value = ts.isJsxAttribute(node) ? (node.initializer ?? node) : node.initializer;
      if (READ_BY_PEOPLE.test(property)) {
        literalsIn(value).forEach((literal) => note(property, literal));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}

/** String literals a value can become, not those that are arguments of a call. */
function literalsIn(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) {
    return [node.text];
  }
  if (ts.isTemplateExpression(node)) {
    return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
  }
  if (ts.isJsxExpression(node) && node.expression) {
    return literalsIn(node.expression);
  }
  if (ts.isConditionalExpression(node)) {
    return [...literalsIn(node.whenTrue), ...literalsIn(node.whenFalse)];
  }
  if (ts.isBinaryExpression(node)) {
    return [...literalsIn(node.left), ...literalsIn(node.right)];
  }
  return [];
}
