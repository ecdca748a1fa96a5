import { completions } from './completions';

const NAMES = ['node_load1', 'up', 'cpu_usage', 'process_cpu_seconds_total'];

it.each([
  ['', []],
  ['n', []],
  ['no', ['node_load1']],
  ['cpu', ['cpu_usage', 'process_cpu_seconds_total']],
  ['sum(rate(cpu', ['sum(rate(cpu_usage', 'sum(rate(process_cpu_seconds_total']],
  ['histogram', ['histogram_quantile(']],
  ['up{jo', []],
  ['up{job="a"} + no', ['up{job="a"} + node_load1']],
  ['rate(up[cpu', []],
])('completes %j', (text, wanted) => {
  expect(completions(text, NAMES)).toEqual(wanted);
});
