import { startExporter } from './exporterServer';

describe('the server of the custom exporter', () => {
  it('serves metrics at once and lets go of its port', async () => {
    const exporter = await startExporter('127.0.0.1', 0);
    const url = `http://127.0.0.1:${exporter.port}`;
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toMatch(/^app_request_total [1-9]/m);
    const missing = await fetch(`${url}/nothing`);
    expect(missing.status).toBe(404);
    await missing.arrayBuffer();
    const posted = await fetch(`${url}/metrics`, { method: 'POST' });
    expect(posted.status).toBe(405);
    await exporter.stop();
    await expect(fetch(`${url}/metrics`)).rejects.toThrow();
  });

  it('fails on a port that is taken', async () => {
    const first = await startExporter('127.0.0.1', 0);
    await expect(startExporter('127.0.0.1', first.port)).rejects.toThrow('EADDRINUSE');
    await first.stop();
  });
});
