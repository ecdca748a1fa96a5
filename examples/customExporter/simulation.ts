import { randomBytes } from 'node:crypto';
import { type Observation } from './appMetrics';

/** A whole number from `low` to `high`, both included. */
function between(low: number, high: number, random: () => number): number {
  return low + Math.floor(random() * (high - low + 1));
}

/**
 * What a small web application does in about five seconds.
 *
 * @param random uniform in [0, 1)
 */
export function simulate(random: () => number): Observation {
  const requests = Array.from({ length: between(1, 10, random) }, () => ({
    seconds: 0.1 + random() * 0.4,
    traceId: randomBytes(16).toString('hex'),
  }));
  return { requests, activeUsers: between(100, 500, random), dbConnections: between(10, 50, random) };
}
