import { createTerminalLogger, type LogFormat } from './terminalLogger';

function logged(format: LogFormat): string[] {
  const lines: string[] = [];
  const clock = { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
  const logger = createTerminalLogger({ level: 'info', format, clock, write: (line) => lines.push(line) });
  logger.debug('left out');
  logger.warn('It failed.', { query: 'cpu', error: 'two\nlines', nothing: undefined });
  return lines;
}

it('writes a line a person reads, and no line break of others', () => {
  expect(logged('text')).toEqual(['2026-01-02T03:04:05.678Z WARN  It failed. query=cpu error="two\\nlines"\n']);
});

it('writes JSON a program reads', () => {
  expect(logged('json').map((line) => JSON.parse(line))).toEqual([
    { time: '2026-01-02T03:04:05.678Z', level: 'warn', message: 'It failed.', query: 'cpu', error: 'two\nlines' },
  ]);
});
