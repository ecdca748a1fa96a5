import { mayRecord } from '../../promql/mayRecord';
import { DEFAULT_DEFINITIONS } from './defaultDefinitions';
import { presetDefinitions, withPresets } from './presetDefinitions';
import { PRESET_NAMES, SUMMARY_PRESETS } from '../summary/summaryPresets';

const TERMS = { stepMs: 30_000, retention: '90d' };

it.each(PRESET_NAMES)('records every metric of the preset %s with the expression of the summary', (preset) => {
  const queries = presetDefinitions(preset, TERMS);
  expect(queries.map(({ name, expression }) => [name, expression])).toEqual(
    SUMMARY_PRESETS[preset].map(({ key, expr }) => [key, expr])
  );
  for (const { expression, stepMs, retention } of queries) {
    expect({ expression, stepMs, retention, may: mayRecord(expression).ok }).toEqual({
      expression,
      ...TERMS,
      may: true,
    });
  }
});

it('adds to what is recorded, which keeps its step and retention', () => {
  const all = withPresets(DEFAULT_DEFINITIONS, presetDefinitions('node', TERMS));
  expect(all.slice(0, DEFAULT_DEFINITIONS.length)).toEqual(DEFAULT_DEFINITIONS);
  expect(all.slice(DEFAULT_DEFINITIONS.length).map(({ name }) => name)).toEqual([
    'node_disk_usage',
    'node_load_per_cpu',
    'node_network_receive',
  ]);
});

it('does not record one expression under two names', () => {
  const all = withPresets(DEFAULT_DEFINITIONS, presetDefinitions('app', TERMS));
  expect(new Set(all.map(({ expression }) => expression)).size).toBe(all.length);
});
