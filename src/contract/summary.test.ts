import { stateOf, type SummaryThreshold } from './summary';

describe('stateOf', () => {
  const thresholds: SummaryThreshold[] = [
    { value: 80, state: 'warning' },
    { value: 100, state: 'critical' },
  ];

  it.each([
    [-1, 'ok'],
    [79.9, 'ok'],
    [80, 'warning'],
    [99.9, 'warning'],
    [100, 'critical'],
    [1_000, 'critical'],
  ])('of %d is %s: a step counts from its value on', (value, state) => {
    expect(stateOf(value, thresholds)).toBe(state);
  });

  it('follows thresholds that go back to ok, and is ok without any', () => {
    expect(
      stateOf(5, [
        { value: 0, state: 'critical' },
        { value: 3, state: 'ok' },
      ])
    ).toBe('ok');
    expect(stateOf(5, [])).toBe('ok');
  });
});
