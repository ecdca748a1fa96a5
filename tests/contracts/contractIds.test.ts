import { citedIn, citingFiles, isTest, looseCitations, pointsIn, readPoints } from './contractPoints';

const ARCHIVE = readPoints('archive.md');
const QUERY = readPoints('query.md');
const REQUIREMENTS = readPoints('requirements.md');
const PROTOCOL = readPoints('protocol.md');
const POINTS = [...ARCHIVE, ...QUERY, ...REQUIREMENTS, ...PROTOCOL];
const FILES = citingFiles();
const HERE = /^tests\/contracts\/contract(Ids\.test|Points)\.ts$/;

/** Sections that end before the bytes Grafana's SDK reads: in the browser, or in what goes to Prometheus. */
const NOT_IN_GO = ['Q1.5', 'Q1.6', 'Q2.1', 'Q3.5'];

describe('the points of the contract', () => {
  it('are numbered without a gap, each once', () => {
    const upTo = (letter: string, last: number): string[] =>
      Array.from({ length: last }, (_, i) => `${letter}${i + 1}`);
    expect(ARCHIVE.map(({ id }) => id)).toEqual(upTo('A', 17));
    expect(REQUIREMENTS.map(({ id }) => id)).toEqual(upTo('R', 13));
    expect(PROTOCOL.map(({ id }) => id)).toEqual(upTo('P', 13));
    const sections = [upTo('Q1.', 7), upTo('Q2.', 4), upTo('Q3.', 7), upTo('Q4.', 4), upTo('Q7.', 22)];
    expect(QUERY.map(({ id }) => id)).toEqual(sections.flat());
  });

  it('each say something', () => {
    expect(POINTS.filter(({ text }) => text.trim().length < 40)).toEqual([]);
  });

  it.each(QUERY.filter(({ id }) => id.startsWith('Q7.')).map((point) => [point.id, point] as const))(
    '%s says what is done, why, and whether an answer differs',
    (_, { mark, text }) => {
      expect(mark).toMatch(/^(differs|adds)$/);
      expect(text.trim()).toMatch(/^- Grafana: .{5,}\n- Ours: .{5,}\n- Why: .{5,}$/);
    }
  );
});

describe('citations', () => {
  it('name points that exist', () => {
    const known = new Set(POINTS.map(({ id }) => id));
    const unknown = FILES.filter(({ file }) => !HERE.test(file)).flatMap(({ file, text }) =>
      citedIn(text)
        .filter((id) => !known.has(id))
        .map((id) => `${file}: [${id}]`)
    );
    expect(unknown).toEqual([]);
  });

  it('have one form', () => {
    const loose = FILES.filter(({ file }) => !HERE.test(file)).flatMap(({ file, text }) =>
      looseCitations(text).map((one) => `${file}: ${one}`)
    );
    expect(loose).toEqual([]);
  });

  const byTests = new Set(
    FILES.filter(({ file }) => isTest(file) && !HERE.test(file)).flatMap(({ text }) => citedIn(text))
  );

  it('of tests leave no point out that is done', () => {
    expect(POINTS.filter(({ id, mark }) => mark !== 'open' && !byTests.has(id)).map(({ id }) => id)).toEqual([]);
  });

  it('of tests claim no point that is open', () => {
    expect(POINTS.filter(({ id, mark }) => mark === 'open' && byTests.has(id)).map(({ id }) => id)).toEqual([]);
  });

  it("of tests with Grafana's own SDK leave no section out whose end they can see", () => {
    const inGo = new Set(FILES.filter(({ file }) => file.endsWith('_test.go')).flatMap(({ text }) => citedIn(text)));
    const sections = QUERY.filter(({ id }) => !id.startsWith('Q7.')).map(({ id }) => id);
    expect(sections.filter((id) => !inGo.has(id))).toEqual(NOT_IN_GO);
  });
});

describe('what finds them', () => {
  it('sees every id in brackets and nothing else', () => {
    expect(citedIn('see [A6] [Q1.4], not A6, [A6a], [a1], or rows[Q]')).toEqual(['A6', 'Q1.4']);
  });

  it('sees what nobody can look up', () => {
    expect(looseCitations('(promise 6), contract 1.4, Requirement R6, (R5), plugin-protocol §7')).toHaveLength(5);
    expect(looseCitations('the contract of two parties, as [A6] promises')).toEqual([]);
  });

  it('refuses a heading that is none', () => {
    expect(pointsIn('# x\n\n### A1 One (open)\n\ntext\n\n## 2\n')).toEqual([
      { id: 'A1', title: 'One', mark: 'open', text: '\ntext\n' },
    ]);
    expect(() => pointsIn('### One\n\ntext\n')).toThrow('No heading of a point');
  });
});
