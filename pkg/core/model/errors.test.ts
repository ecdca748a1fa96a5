import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asPromkeepError, ERROR_CODES, PromkeepError } from './errors';

describe('the error list', () => {
  const manual = readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8');
  const rows = [...manual.matchAll(/^\| `(\w+)` *\| ([^|]+)\| (\w+) *\|/gm)].map(([, code, status, source]) => ({
    code,
    status,
    source,
  }));

  it('is the manual: docs/errors.md has exactly these codes with their sources', () => {
    const documented = Object.fromEntries(rows.map(({ code, source }) => [code, source]));
    const actual = Object.fromEntries(Object.entries(ERROR_CODES).map(([code, { source }]) => [code, source]));
    expect(documented).toEqual(actual);
  });

  it('gives the statuses of the manual', () => {
    const fixed = rows.filter(({ status }) => /^\d+ $|^\d+$/.test(status.trim()));
    expect(fixed.length).toBeGreaterThan(20);
    for (const { code, status } of fixed) {
      expect([code, ERROR_CODES[code as keyof typeof ERROR_CODES].status]).toEqual([code, Number(status)]);
    }
  });
});

describe('asPromkeepError', () => {
  it('leaves ours as it is', () => {
    const error = new PromkeepError('QUERY_INVALID', 'no');
    expect(asPromkeepError(error)).toBe(error);
  });

  it('keeps the cause of a foreign one', () => {
    const cause = new TypeError('x is undefined');
    const error = asPromkeepError(cause);
    expect(error).toMatchObject({ code: 'INTERNAL', status: 500, source: 'plugin', cause });
  });
});
