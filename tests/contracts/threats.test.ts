import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');

/** Rows of the tables, without heads and rules. */
const rows = read('docs/threats.md')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (attacker|-)/.test(line))
  .map((line) => line.slice(1, -1).split(' | '));

describe('docs/threats.md', () => {
  it('names attacker, means, what happens and a test in every row', () => {
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter((cells) => cells.length !== 4 || cells.some((cell) => cell.trim() === ''))).toEqual([]);
  });

  it('names tests that exist', () => {
    const missing = rows.filter(([, , , cell]) => {
      const [, file, title] = /`([^`]+)`: “([^”]+)”/.exec(cell) ?? [];
      return title === undefined || !fs.existsSync(path.join(root, file)) || !read(file).includes(title);
    });
    expect(missing).toEqual([]);
  });
});
