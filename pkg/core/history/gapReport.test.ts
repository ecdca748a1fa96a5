import { reportGaps } from './gapReport';
import { type LedgerEntry } from '../ports/ledger';

const entry = (overrides: Partial<LedgerEntry>): LedgerEntry => ({
  name: 'cpu',
  expression: 'up',
  stepMs: 10_000,
  retention: '1y',
  paused: false,
  covered: [],
  gaps: [],
  ...overrides,
});

it('says nothing of a query that never began', () => {
  expect(reportGaps(entry({}), 1_000_000).missing).toEqual([]);
});

it('gives noted gaps with their reason, and the holes nobody noted up to what is due', () => {
  const covered = [
    { fromMs: 0, toMs: 100_000 },
    { fromMs: 200_000, toMs: 300_000 },
  ];
  const gaps = [{ fromMs: 110_000, toMs: 150_000, reason: 'source-down' as const, detail: 'refused' }];
  expect(reportGaps(entry({ covered, gaps }), 420_000).missing).toEqual([
    { fromMs: 110_000, toMs: 150_000, reason: 'source-down', detail: 'refused', points: 5, seconds: 50 },
    { fromMs: 160_000, toMs: 190_000, reason: 'not-recorded', points: 4, seconds: 40 },
    { fromMs: 310_000, toMs: 400_000, reason: 'not-recorded', points: 10, seconds: 100 },
  ]);
});

it('does not call missing what is due only now, nor what a paused query would have had', () => {
  const covered = [{ fromMs: 0, toMs: 100_000 }];
  expect(reportGaps(entry({ covered }), 112_000).missing).toEqual([]);
  expect(reportGaps(entry({ covered, paused: true }), 9_000_000).missing).toEqual([]);
});

it('lets raw series wait for a piece, which is two hours where nobody knows it', () => {
  const hourMs = 3_600_000;
  const raw = entry({ raw: true, stepMs: 60_000, covered: [{ fromMs: 0, toMs: 20 * hourMs - 60_000 }] });
  const missing = (hours: number, pieceMs?: number) =>
    reportGaps(raw, hours * hourMs + 6_000, pieceMs).missing.map(({ points }) => points);
  expect(missing(20.5, hourMs / 2)).toEqual([]);
  expect(missing(21, hourMs / 2)).toEqual([22]);
  expect([missing(22), missing(22.5)]).toEqual([[], [30]]);
});
