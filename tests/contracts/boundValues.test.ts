import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * A bound value without a type is of type `unknown`, which any overload takes: one of another role, in a schema where it may
 * create, then runs with our rights. Types are written at the value, so every `$n` in a statement is followed by `::`. Only
 * pkg/archive may import `pg` (architecture.test.ts); its `.sql` files are left out, where `$n` is an argument of a declared type.
 */
const ROOT = path.resolve(__dirname, '../../pkg/archive');

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.test)\.ts$/.test(file));

describe('bound values', () => {
  it('say their type in every statement', () => {
    const found = files.flatMap((file) => untypedIn(file, readFileSync(path.join(ROOT, file), 'utf8')));
    expect(found).toEqual([]);
  });

  it('are many, and a forgotten type is found wherever it stands', () => {
    const texts = files.flatMap((file) => textsOf(file, readFileSync(path.join(ROOT, file), 'utf8')));
    expect(texts.join('\n').match(/\$\d+::/g)?.length).toBeGreaterThan(200);
    expect(untypedIn('a.ts', 'run(`SELECT s.f($1::bigint, $2)`)')).toEqual(['a.ts: SELECT s.f($1::bigint, $2)']);
    expect(untypedIn('a.ts', "run('WHERE id = $12 LIMIT $13::bigint')")).toHaveLength(1);
    expect(untypedIn('a.ts', 'const part = (n: number) => `extract(epoch FROM $${n} - x.at)`')).toHaveLength(1);
    expect(untypedIn('a.ts', 'const part = (n: number) => `extract(epoch FROM $${n}::timestamptz)`')).toEqual([]);
    expect(untypedIn('a.ts', "text.replace(/(a)/, '$1b')")).toEqual([]);
  });
});

function untypedIn(file: string, source: string): string[] {
  return textsOf(file, source)
    .filter((text) => /\$\d+(?!\d|::)/.test(text))
    .map((text) => `${file}: ${text}`);
}

/** All strings of a file; of a template, an inserted expression counts as the number 0. */
function textsOf(file: string, source: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isReplacement(node)) {
      return;
    }
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      texts.push(node.text);
    } else if (ts.isTemplateExpression(node)) {
      texts.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('0'));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  return texts;
}

/** The second argument of `replace`, where `$1` is a group. */
function isReplacement(node: ts.Node): boolean {
  const call = node.parent;
  return (
    call !== undefined &&
    ts.isCallExpression(call) &&
    call.arguments[1] === node &&
    ts.isPropertyAccessExpression(call.expression) &&
    call.expression.name.text.startsWith('replace')
  );
}
