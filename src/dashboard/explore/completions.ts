/** Functions people begin with; all others work as well. */
const FUNCTIONS = [
  ...['rate', 'increase', 'histogram_quantile', 'avg_over_time', 'max_over_time', 'min_over_time'],
  ...['sum', 'avg', 'max', 'min', 'count', 'topk'],
].map((name) => `${name}(`);
const MOST = 50;
const LEAST_CHARACTERS = 2;

/** The text with the word at its end completed, in every way that fits: names that begin so, then names that hold it. */
export function completions(text: string, names: readonly string[]): string[] {
  const word = lastWord(text);
  if (word.length < LEAST_CHARACTERS) {
    return [];
  }
  const before = text.slice(0, text.length - word.length);
  // Within braces or brackets stand labels, values and times.
  if (before.lastIndexOf('{') > before.lastIndexOf('}') || before.lastIndexOf('[') > before.lastIndexOf(']')) {
    return [];
  }
  const wanted = word.toLowerCase();
  const fitting = [...new Set([...FUNCTIONS, ...names])].filter((name) => name.toLowerCase().includes(wanted));
  const rank = (name: string): number => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  return fitting
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MOST)
    .map((name) => before + name);
}

function lastWord(text: string): string {
  let from = text.length;
  while (from > 0 && /[\w:]/.test(text[from - 1])) {
    from--;
  }
  return text.slice(from);
}
