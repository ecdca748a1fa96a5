import { DATASOURCE_METRICS } from '../../pkg/core/summary/summaryPresets';
import { shownMetricName } from '../../src/contract/summary';
import datasource from '../../src/datasource/locales/en-US/promkeep-prometheus-datasource.json';
import panel from '../../src/panel/locales/en-US/promkeep-summary-panel.json';
import korean from '../../src/panel/locales/ko-KR/promkeep-summary-panel.json';
import { sayFrom } from '../../src/panel/words/catalog';
import { metricName } from '../../src/panel/words/words';

describe('the names of the shipped summary metrics', () => {
  const shipped = Object.fromEntries(DATASOURCE_METRICS.map(({ key, displayName }) => [key, displayName]));

  it('are in the locales as answers have them, or they would not be translated', () => {
    expect(panel.metrics).toEqual(shipped);
    expect(datasource.promkeep.metrics).toEqual(shipped);
  });

  const words = sayFrom(korean, 'ko-KR');

  it('are shown in the language of the reader, with the group behind them', () => {
    expect(metricName(words, 'cpu_usage', 'CPU usage')).toBe('CPU 사용률');
    expect(metricName(words, 'cpu_usage', 'CPU usage (web-1)')).toBe('CPU 사용률 (web-1)');
  });

  it('stay what their author called them, where the name or the key is not a shipped one', () => {
    expect(metricName(words, 'cpu_usage', 'CPU usage of the farm')).toBe('CPU usage of the farm');
    expect(metricName(words, 'own', 'CPU usage')).toBe('CPU usage');
    expect(shownMetricName('toString', undefined, 'x')).toBe('toString');
  });
});
