import { simulate } from './simulation';

describe('the pretended application', () => {
  // [R4]
  it.each([
    { what: 'lowest', random: 0, requests: 1, seconds: 0.1, users: 100, connections: 10 },
    { what: 'highest', random: 1 - Number.EPSILON, requests: 10, seconds: 0.5, users: 500, connections: 50 },
  ])('reaches its $what values', ({ random, requests, seconds, users, connections }) => {
    const observation = simulate(() => random);
    expect(observation.requests).toHaveLength(requests);
    expect(observation.requests[0].seconds).toBeCloseTo(seconds);
    expect(observation).toMatchObject({ activeUsers: users, dbConnections: connections });
  });

  it('gives every request a trace of its own', () => {
    const traces = simulate(() => 0.9).requests.map(({ traceId }) => traceId);
    expect(new Set(traces).size).toBe(traces.length);
  });
});
