import { type LogAttributes } from '../../core/ports/logger';
import { createHclogLogger, MAX_LINE_BYTES } from './hclogLogger';
import { type ConsoleMethods, redirectConsole } from './processEvents';

const TIME_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function logged(message: string, attributes?: LogAttributes): Record<string, unknown> {
  return JSON.parse(lineOf(message, attributes));
}

function lineOf(message: string, attributes?: LogAttributes): string {
  const lines: string[] = [];
  createHclogLogger(
    (line) => lines.push(line),
    () => TIME_MS
  ).warn(message, attributes);
  expect(lines.length).toBe(1);
  return lines[0];
}

describe('createHclogLogger', () => {
  // [P11]
  it('writes one JSON line with six fraction digits, because Grafana takes three for raw text', () => {
    expect(lineOf('hello', { dsUid: 'u', ms: 3, ok: true, gone: undefined })).toBe(
      '{"dsUid":"u","ms":3,"ok":true,"@level":"warn","@message":"hello","@timestamp":"2026-01-02T03:04:05.678000Z"}\n'
    );
  });

  // [P11]
  it('writes a string whatever the message was, because a number kills Grafana', () => {
    const notText: unknown = 42;
    expect(logged(notText as string)['@message']).toBe('42');
  });

  it('lets no attribute override what Grafana reads', () => {
    expect(logged('m', { '@level': 'error', '@message': 1, timestamp: 'x' })).toEqual({
      '@level': 'warn',
      '@message': 'm',
      '@timestamp': '2026-01-02T03:04:05.678000Z',
    });
  });

  // [P11]
  it('stays one line and below 64 KiB whatever comes', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a${i}`, '\u0001€'.repeat(5000)]));
    for (const line of [lineOf('\u0001\n€'.repeat(100_000)), lineOf('€'.repeat(9000), many)]) {
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_LINE_BYTES);
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(JSON.parse(line)['@level']).toBe('warn');
    }
  });

  it('hides what looks like a secret', () => {
    const { dbPassword, Authorization, reason } = logged('m', {
      dbPassword: 'hunter2',
      Authorization: 'Bearer x',
      reason: 'cannot reach postgres://me:hunter2@127.0.0.1/db',
    });
    expect([dbPassword, Authorization, reason]).toEqual([
      '[hidden]',
      '[hidden]',
      'cannot reach postgres://[hidden]@127.0.0.1/db',
    ]);
  });

  it('takes over the console, whose stdout would break the handshake', () => {
    const lines: string[] = [];
    const unused = () => {
      throw new Error('must not reach the real console');
    };
    const target: ConsoleMethods = {
      log: unused,
      info: unused,
      debug: unused,
      warn: unused,
      error: unused,
      trace: unused,
    };
    redirectConsole(
      target,
      createHclogLogger(
        (line) => lines.push(line),
        () => TIME_MS
      )
    );
    target.log('a %s', 'b', { c: 1 });
    target.error(new Error('boom').message);
    expect(lines.map((line) => JSON.parse(line)).map((line) => [line['@level'], line['@message']])).toEqual([
      ['info', 'a b { c: 1 }'],
      ['error', 'boom'],
    ]);
  });
});
