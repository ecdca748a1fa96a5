import {
  formattedValueToString,
  getActiveThreshold,
  getValueFormat,
  ThresholdsMode,
  type Field,
  type GrafanaTheme2,
  type Threshold,
} from '@grafana/data';
import { type SummaryState } from '../../contract/summary';
import { severityOfColor, standOut } from '../tile/severityColor';
import { type TileLimit, type TileState } from './tile';
import { type Words } from '../words/words';

interface Speech {
  theme: GrafanaTheme2;
  words: Words;
}

/**
 * The state of a value under its field's thresholds. Steps that carry a state of the contract speak its words; for any
 * other step the word is the limit that was passed, and the urgency follows from the colour.
 *
 * @param range lowest and highest value, for percentage thresholds on a field without `min` and `max`
 */
export function stateOfValue(
  value: number,
  field: Field,
  range: { min: number; max: number },
  speech: Speech
): TileState {
  const steps = sortSteps(field);
  if (steps.length < 2) {
    return steps.some(({ state }) => isSummaryState(state)) ? stateOfStep(steps[0], speech) : { severity: 'none' };
  }
  const active = getActiveThreshold(isPercentage(field) ? shareOfRange(value, field, range) : value, steps);
  const at = steps.indexOf(active);
  return stateOfStep(active, speech, () =>
    speech.words(at > 0 ? 'above' : 'below', { limit: writeLimit(field, at > 0 ? active : steps[1]) })
  );
}

/** From which value on which state holds, ascending. Empty when the thresholds tell no states apart. */
export function limitsOf(field: Field, speech: Speech): TileLimit[] {
  const steps = sortSteps(field);
  return steps.length < 2
    ? []
    : steps.map((step, i) => ({
        state: stateOfStep(step, speech),
        text: speech.words(i === 0 ? 'under' : 'from', { limit: writeLimit(field, i === 0 ? steps[1] : step) }),
      }));
}

/** @param otherwise the word of a step that carries no state of the contract */
function stateOfStep(step: Threshold, { theme, words }: Speech, otherwise?: () => string): TileState {
  const named = theme.visualization.getColorByName(step.color);
  const color = standOut(named, theme);
  return isSummaryState(step.state)
    ? { severity: step.state, word: words(`states.${step.state}`), color }
    : { severity: severityOfColor(named), word: otherwise?.(), color };
}

function isPercentage(field: Field): boolean {
  return field.config.thresholds?.mode === ThresholdsMode.Percentage;
}

function writeLimit(field: Field, { value }: Threshold): string {
  return isPercentage(field) ? `${value} %` : formattedValueToString(getValueFormat(field.config.unit)(value));
}

/**
 * JSON has no -Infinity: outside Grafana, which restores it, the first step's value is null. Grafana puts one of its own
 * before it, so only the last step without a beginning counts.
 */
function sortSteps({ config: { thresholds } }: Field): Threshold[] {
  const steps: ReadonlyArray<Omit<Threshold, 'value'> & { value: number | null }> = thresholds?.steps ?? [];
  const sorted = steps
    .map((step) => ({ ...step, value: step.value ?? -Infinity }))
    .sort((a, b) => (a.value === b.value ? 0 : a.value - b.value));
  return sorted.slice(
    Math.max(
      0,
      sorted.findLastIndex(({ value }) => value === -Infinity)
    )
  );
}

/** 0 to 100. */
function shareOfRange(value: number, field: Field, range: { min: number; max: number }): number {
  const min = field.config.min ?? range.min;
  const max = field.config.max ?? range.max;
  return max > min ? ((value - min) / (max - min)) * 100 : 0;
}

function isSummaryState(state: string | undefined): state is SummaryState {
  return state === 'ok' || state === 'warning' || state === 'critical';
}
