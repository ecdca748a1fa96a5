import { createAppMetrics } from './appMetrics';

const TRACE = 'a'.repeat(32);
const OBSERVED = {
  requests: [
    { seconds: 0.12, traceId: TRACE },
    { seconds: 0.48, traceId: TRACE },
  ],
  activeUsers: 123,
  dbConnections: 45,
};

describe('the metrics of the custom exporter', () => {
  it('are plain Prometheus text unless OpenMetrics is asked for', async () => {
    const metrics = createAppMetrics();
    metrics.record(OBSERVED);
    const { contentType, body } = await metrics.expose('text/plain');
    expect(contentType).toContain('text/plain; version=0.0.4');
    expect(body).toContain('# TYPE app_request_total counter\napp_request_total 2\n');
    expect(body).toContain('app_request_duration_seconds_bucket{le="0.15"} 1\n');
    expect(body).toContain('app_request_duration_seconds_sum 0.6\n');
    expect(body).toContain('app_active_users 123\n');
    expect(body).toContain('app_db_connections 45\n');
    expect(body).toContain('process_cpu_seconds_total');
    expect(body).not.toContain('trace_id');
  });

  // [R4]
  it('carry exemplars as OpenMetrics', async () => {
    const metrics = createAppMetrics();
    metrics.record(OBSERVED);
    const { contentType, body } = await metrics.expose('application/openmetrics-text;version=1.0.0,*/*;q=0.1');
    expect(contentType).toContain('application/openmetrics-text');
    expect(body).toMatch(new RegExp(`^app_request_total 2 # \\{trace_id="${TRACE}"\\} 1 \\d+`, 'm'));
    expect(body).toMatch(
      new RegExp(`^app_request_duration_seconds_bucket\\{le="0.5"\\} 2 # \\{trace_id="${TRACE}"\\} 0.48`, 'm')
    );
    expect(body.endsWith('# EOF\n')).toBe(true);
  });

  it('keep their names when both formats are read in turn', async () => {
    const metrics = createAppMetrics();
    metrics.record(OBSERVED);
    const before = await metrics.expose(undefined);
    await metrics.expose('application/openmetrics-text');
    const after = await metrics.expose(undefined);
    const ours = (body: string): string[] => body.split('\n').filter((line) => line.includes('app_'));
    expect(ours(after.body)).toEqual(ours(before.body));
  });
});
