import { retentionMs } from './retention';

const DAY_MS = 86_400_000;

describe('a retention class', () => {
  it('is a number of days, weeks or years', () => {
    expect(['7d', '2w', '1y'].map(retentionMs)).toEqual([7 * DAY_MS, 14 * DAY_MS, 366 * DAY_MS]);
  });

  it('keeps what it cannot read forever, and what no calendar holds', () => {
    expect(['forever', '', '0d', '5h', '1.5d', '-1d'].map(retentionMs)).toEqual(Array(6).fill(undefined));
    expect(['101y', '9999y', '99999w', '36601d'].map(retentionMs)).toEqual(Array(4).fill(undefined));
    expect(['100y', '36600d'].map(retentionMs)).toEqual(Array(2).fill(36_600 * DAY_MS));
  });
});
