import { type Definition } from '../ports/definitions';
import { SUMMARY_PRESETS, type PresetName } from '../summary/summaryPresets';

/**
 * The metrics of a preset as recorded queries, one for each, named by the metric's key and with the very expression of the
 * summary, so that the archive can answer for it. Where nothing scrapes the preset's job they record nothing: no series, and
 * no gap either.
 */
export function presetDefinitions(
  preset: PresetName,
  { stepMs, retention }: Pick<Definition, 'stepMs' | 'retention'>
): Definition[] {
  return SUMMARY_PRESETS[preset].map(({ key, expr }) => ({ name: key, expression: expr, stepMs, retention }));
}

/** The queries, and those of the presets that are not among them yet, neither by name nor by expression. */
export function withPresets(queries: readonly Definition[], presets: readonly Definition[]): Definition[] {
  const all = [...queries];
  for (const one of presets) {
    if (!all.some(({ name, expression }) => name === one.name || expression === one.expression)) {
      all.push(one);
    }
  }
  return all;
}
