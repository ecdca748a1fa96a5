const UNITS: ReadonlyArray<[ms: number, name: string]> = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** `15s`, `1h 30m`: the two largest units that count, rounded down. Below a second: `0s`. */
export function durationText(ms: number): string {
  const parts: string[] = [];
  let restMs = ms;
  for (const [unitMs, name] of UNITS) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) {
      parts.push(`${count}${name}`);
    } else if (parts.length > 0) {
      break;
    }
  }
  return parts.slice(0, 2).join(' ') || '0s';
}
