/** Units by the ending that Prometheus' naming rules give a metric (https://prometheus.io/docs/practices/naming/). */
const UNITS: ReadonlyArray<[ending: RegExp, unit: string, unitOfRate?: string]> = [
  [/_bytes(?:_total|_sum)?$/, 'bytes', 'Bps'],
  [/_seconds(?:_bucket|_sum|_total)?$/, 's'],
  [/_ratio$/, 'percentunit'],
  [/_percent$/, 'percent'],
  [/_celsius$/, 'celsius'],
];
/** What makes another quantity of its operands: quotients of two metrics, counts, and comparisons with `bool`. */
const OTHER_QUANTITY =
  /\b(?:count|count_values|absent|bool|changes|resets|count_over_time|absent_over_time)\b|\/\s*[a-z_(]/i;
const RATES = /\b(?:rate|irate|deriv)\s*\(/;
const MOST_CHARACTERS = 2_000;

/**
 * The Grafana unit of an expression's values as far as its metrics' names tell; `undefined` in doubt. A wrong unit is worse than
 * none: only names of one unit, and nothing that changes the quantity.
 */
export function guessUnit(expression: string): string | undefined {
  if (expression.length > MOST_CHARACTERS) {
    return undefined;
  }
  const plain = expression
    .replaceAll(/"[^"]*"|'[^']*'/g, '')
    .replaceAll(/\{[^{}]*\}/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^()]*\)/g, '');
  const metrics = [...plain.matchAll(/[\w:]+/g)]
    .filter(({ 0: word, index }) => word.includes('_') && plain[index + word.length] !== '(')
    .map(([word]) => word);
  const found = metrics.map((name) => UNITS.find(([ending]) => ending.test(name)));
  const [unit] = found;
  if (!unit || OTHER_QUANTITY.test(plain) || /[*^%]/.test(plain) || found.some((one) => one !== unit)) {
    return undefined;
  }
  const [, ofValue, ofRate] = unit;
  // a quantile of buckets is of what the buckets hold, however fast they fill
  return RATES.test(plain) && !/histogram_quantile/.test(plain) ? ofRate : ofValue;
}
