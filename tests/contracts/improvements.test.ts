import { faultOfTest, namedTests, numberedRows, readDocument } from './documentedTests';

describe('the table of improvements', () => {
  const rows = numberedRows(readDocument('improvements.md'));

  it('has one row for each of the 22 items, in order', () => {
    expect(rows.map(([item]) => item)).toEqual(Array.from({ length: 22 }, (_, i) => `7.${i + 1}`));
  });

  it('says of each what is done, why, and what shows it', () => {
    for (const [item, kind, ...texts] of rows) {
      expect([item, kind]).toEqual([item, expect.stringMatching(/^(differs|adds)$/)]);
      expect(texts).toHaveLength(4);
      expect([item, texts.every((text) => text.length > 5)]).toEqual([item, true]);
      expect([item, namedTests(texts[3]).length > 0]).toEqual([item, true]);
    }
  });

  it('names tests that exist', () => {
    const tests = rows.flatMap((cells) => namedTests(cells[5]));
    expect(tests.map(faultOfTest).filter((fault) => fault !== undefined)).toEqual([]);
  });
});

describe('the table of contract vectors', () => {
  const rows = numberedRows(readDocument('contract-vectors.md'));

  it('has every section of the contract', () => {
    const sections = [
      ...['1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7', '2.1', '2.2', '2.3', '2.4'],
      ...['3.1', '3.2', '3.3', '3.4', '3.5', '3.6', '3.7', '4.1', '4.2', '4.3', '4.4'],
    ];
    expect(rows.map(([section]) => section)).toEqual(sections);
  });

  it('names tests that exist', () => {
    const tests = rows.flatMap((cells) => {
      const named = cells.flatMap(namedTests);
      expect([cells[0], named.length > 0]).toEqual([cells[0], true]);
      return named;
    });
    expect(tests.map(faultOfTest).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('notices a name that is none', () => {
    expect(faultOfTest({ file: 'tests/contracts/improvements.test.ts', name: 'no such test' })).toContain(
      'has no test'
    );
    expect(faultOfTest({ file: 'tests/nowhere.test.ts', name: 'x' })).toContain('does not exist');
  });
});
