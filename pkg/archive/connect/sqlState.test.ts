import { cameFromServer, judge } from './sqlState';

const withCode = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

describe('judge', () => {
  it.each([
    ['40P01', 'retry', 'ARCHIVE_BUSY'],
    ['40001', 'retry', 'ARCHIVE_BUSY'],
    ['57P01', 'retry', 'ARCHIVE_UNREACHABLE'],
    ['57P03', 'retry', 'ARCHIVE_UNREACHABLE'],
    ['08006', 'retry', 'ARCHIVE_UNREACHABLE'],
    ['53300', 'retry', 'ARCHIVE_BUSY'],
    ['53100', 'fail', 'ARCHIVE_FULL'],
    ['57014', 'fail', 'ARCHIVE_BUSY'],
    ['28P01', 'fail', 'ARCHIVE_LOGIN_FAILED'],
    ['28000', 'fail', 'ARCHIVE_LOGIN_FAILED'],
    ['3D000', 'fail', 'ARCHIVE_LOGIN_FAILED'],
    ['42501', 'fail', 'ARCHIVE_DENIED'],
    ['25006', 'fail', 'ARCHIVE_READ_ONLY'],
    ['22P05', 'split', 'ARCHIVE_REFUSED'],
    ['22021', 'split', 'ARCHIVE_REFUSED'],
    ['54000', 'split', 'ARCHIVE_REFUSED'],
    ['23505', 'retry', 'ARCHIVE_BUSY'],
    ['23514', 'fail', 'ARCHIVE_REFUSED'],
    ['23502', 'fail', 'ARCHIVE_REFUSED'],
    ['42601', 'fail', 'INTERNAL'],
    ['ECONNREFUSED', 'retry', 'ARCHIVE_UNREACHABLE'],
    ['ECONNRESET', 'retry', 'ARCHIVE_UNREACHABLE'],
    ['ENOTFOUND', 'fail', 'ARCHIVE_UNREACHABLE'],
    ['ETIMEDOUT', 'fail', 'ARCHIVE_UNREACHABLE'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'fail', 'ARCHIVE_UNREACHABLE'],
  ])('%s: %s as %s', (code, reaction, ours) => {
    expect(judge(withCode(code))).toEqual({ reaction, code: ours });
  });

  it('tries again after a connection that ended under a query', () => {
    expect(judge(new Error('Connection terminated unexpectedly'))).toEqual({
      reaction: 'retry',
      code: 'ARCHIVE_UNREACHABLE',
    });
  });

  it('does not wait for a silent host twice', () => {
    for (const message of ['Connection terminated due to connection timeout', 'timeout expired']) {
      expect(judge(new Error(message))).toEqual({ reaction: 'fail', code: 'ARCHIVE_UNREACHABLE' });
    }
  });

  it('takes an error of our own code for what it is', () => {
    expect(judge(new TypeError('x is not a function'))).toEqual({ reaction: 'fail', code: 'INTERNAL' });
  });
});

describe('cameFromServer', () => {
  it('tells refusals, after which a connection is usable, from losses', () => {
    expect(cameFromServer(withCode('22P05'))).toBe(true);
    expect(cameFromServer(withCode('57P01'))).toBe(false);
    expect(cameFromServer(withCode('ECONNRESET'))).toBe(false);
    expect(cameFromServer(withCode('EPIPE'))).toBe(false);
    expect(cameFromServer(new Error('Connection terminated'))).toBe(false);
  });
});
