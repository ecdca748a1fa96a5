import { parseDurationMs } from '../../src/contract/duration';

/**
 * The value of a number or duration as PromQL writes it; a duration counts in seconds (`1m30s` is 90), as Prometheus 3 has it.
 * `undefined` for whatever else.
 */
export function numberOf(text: string): number | undefined {
  const [, sign, rest] = /^([+-]?)\s*(\S+)$/.exec(text.trim().toLowerCase()) ?? [];
  if (rest === undefined) {
    return undefined;
  }
  const size = unsigned(rest);
  return size === undefined ? undefined : sign === '-' ? -size : size;
}

function unsigned(text: string): number | undefined {
  if (text === 'inf' || text === 'nan') {
    return text === 'inf' ? Infinity : NaN;
  }
  const ms = parseDurationMs(text);
  if (ms !== undefined) {
    return ms / 1_000;
  }
  const plain = text.replaceAll('_', '');
  return /^(0x[0-9a-f]+|(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?)$/.test(plain) ? octalOrDecimal(plain) : undefined;
}

/** Go reads whole numbers with a leading zero as octal: `010` is 8. */
function octalOrDecimal(text: string): number {
  return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}
