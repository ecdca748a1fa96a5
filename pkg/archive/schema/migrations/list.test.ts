import { MIGRATIONS } from './list';

describe('migrations', () => {
  it('are plain ASCII, so that they run in a database of any encoding', () => {
    for (const { sql } of MIGRATIONS) {
      expect(sql).toMatch(/^[\t\n\x20-\x7e]*$/);
    }
  });

  it('describe every table and column', () => {
    const sql = MIGRATIONS.map((migration) => migration.sql).join('\n');
    const tables = [...sql.matchAll(/CREATE (?:TABLE|VIEW) \{schema\}\.(\w+)/g)].map(([, name]) => name);
    expect(tables.length).toBeGreaterThan(8);
    for (const table of tables) {
      expect(sql).toMatch(new RegExp(`COMMENT ON (TABLE|VIEW) \\{schema\\}\\.${table} IS`));
    }
  });
});
