/**
 * Rows under their headings, columns two spaces apart.
 *
 * @param right columns that are aligned to the right: numbers
 */
export function formatTable(
  headings: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
  right: readonly number[] = []
): string {
  // Spreading into Math.max ends at some 100,000 arguments.
  const widths = headings.map((heading, i) =>
    rows.reduce((width, row) => Math.max(width, row[i].length), heading.length)
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [headings, ...rows].map((row) => `${line(row)}\n`).join('');
}
