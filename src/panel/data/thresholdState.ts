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
  { theme, words }: { theme: GrafanaTheme2; words: Words }
): TileState {
  const { thresholds } = field.config;
  const steps = sortSteps(thresholds?.steps ?? []);
  if (steps.length < 2) {
    return steps.some(({ state }) => isSummaryState(state)) ? named(steps[0], theme, words) : { severity: 'none' };
  }
  const isPercentage = thresholds?.mode === ThresholdsMode.Percentage;
  const active = getActiveThreshold(isPercentage ? shareOfRange(value, field, range) : value, steps);
  if (isSummaryState(active.state)) {
    return named(active, theme, words);
  }
  const color = theme.visualization.getColorByName(active.color);
  const at = steps.indexOf(active);
  const limit = (step: Threshold) =>
    isPercentage ? `${step.value} %` : formattedValueToString(getValueFormat(field.config.unit)(step.value));
  return {
    severity: severityOfColor(color),
    word: at > 0 ? words.above(limit(active)) : words.below(limit(steps[1])),
    color: standOut(color, theme),
  };
}

/** From which value on which state holds, ascending. Empty when the thresholds tell no states apart. */
export function limitsOf(field: Field, theme: GrafanaTheme2, words: Words): TileLimit[] {
  const steps = sortSteps(field.config.thresholds?.steps ?? []);
  if (steps.length < 2) {
    return [];
  }
  const isPercentage = field.config.thresholds?.mode === ThresholdsMode.Percentage;
  const write = ({ value }: Threshold) =>
    isPercentage ? `${value} %` : formattedValueToString(getValueFormat(field.config.unit)(value));
  return steps.map((step, i) => ({
    state: isSummaryState(step.state) ? named(step, theme, words) : foreign(step, theme),
    text: i === 0 ? words.under(write(steps[1])) : words.from(write(step)),
  }));
}

function foreign(step: Threshold, theme: GrafanaTheme2): TileState {
  const color = theme.visualization.getColorByName(step.color);
  return { severity: severityOfColor(color), color: standOut(color, theme) };
}

function named(step: Threshold, theme: GrafanaTheme2, words: Words): TileState {
  const state = isSummaryState(step.state) ? step.state : 'ok';
  return {
    severity: state,
    word: words.states[state],
    color: standOut(theme.visualization.getColorByName(step.color), theme),
  };
}

/**
 * JSON has no -Infinity: outside Grafana, which restores it, the first step's value is null. Grafana puts one of its own
 * before it, so only the last step without a beginning counts.
 */
function sortSteps(steps: ReadonlyArray<Omit<Threshold, 'value'> & { value: number | null }>): Threshold[] {
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
