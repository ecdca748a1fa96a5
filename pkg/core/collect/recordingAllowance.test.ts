import { type RecordingAmount } from '../../../src/contract/recordedQuery';
import { RecordingAllowance } from './recordingAllowance';

const amount = (queries: number, series: number, samplesPerDay = Infinity): RecordingAmount => ({
  queries,
  series,
  samplesPerDay,
});
const NONE = amount(Infinity, Infinity);
const query = (name: string, createdAtMs: number, part: { provisioned?: boolean; stepMs?: number } = {}) => ({
  ...{ name, createdAtMs, provisioned: false, stepMs: 15_000 },
  ...part,
});

describe('the limits under which is recorded', () => {
  it('leave out who came last, whoever asks first', () => {
    const allowance = new RecordingAllowance({ source: amount(10, 100), organisation: NONE });
    allowance.define([query('young', 2), query('old', 1)]);
    allowance.admit({ name: 'young' }, 60);
    allowance.admit({ name: 'old' }, 60);
    expect(() => allowance.admit({ name: 'young' }, 60)).toThrow('120 series of recorded queries of this source');
    allowance.admit({ name: 'old' }, 60);
    allowance.admit({ name: 'young' }, 40);
  });

  it('leave room for the next one when one is too large', () => {
    const allowance = new RecordingAllowance({ source: amount(10, 100), organisation: NONE });
    allowance.define([query('a', 1), query('b', 2)]);
    expect(() => allowance.admit({ name: 'a' }, 101)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
    allowance.admit({ name: 'b' }, 100);
  });

  it('count what a config file defines, and never refuse it', () => {
    const allowance = new RecordingAllowance({ source: amount(1, 10), organisation: NONE });
    allowance.define([query('mine', 1), query('file', 9, { provisioned: true })]);
    allowance.admit({ name: 'file' }, 1_000);
    expect(() => allowance.admit({ name: 'mine' }, 1)).toThrow('2 recorded queries of this source');
  });

  it('count samples by the step, and what other sources of the organisation take', () => {
    const allowance = new RecordingAllowance({ source: NONE, organisation: amount(10, 1_000, 86_400 * 3) });
    allowance.define([query('fast', 1, { stepMs: 1_000 })]);
    allowance.admit({ name: 'fast' }, 3);
    expect(() => allowance.admit({ name: 'fast' }, 4)).toThrow(/345,600 samples a day .* organisation.*259,200/);
    allowance.note({ source: amount(1, 3, 86_400 * 3), organisation: amount(2, 4, 86_400 * 4) });
    expect(() => allowance.admit({ name: 'fast' }, 3)).toThrow('345,600 samples a day');
    allowance.admit({ name: 'fast' }, 2);
  });

  it('forget a query that is gone', () => {
    const allowance = new RecordingAllowance({ source: amount(10, 10), organisation: NONE });
    allowance.define([query('a', 1)]);
    allowance.admit({ name: 'a' }, 10);
    allowance.define([query('b', 2)]);
    allowance.admit({ name: 'b' }, 10);
  });
});
