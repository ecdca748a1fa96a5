import http from 'node:http';
import { startPostgres, type RunningPostgres } from '../../scripts/stack/postgres';
import { freePort } from '../../scripts/stack/ports';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';
import { getJson, runProgram, serve, startProgram, temporaryFile, until } from './promkeepProgram';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { gridSeries, STEP, writing } from './archiveWrites';

/** The command line as a person uses it: what it prints, and with which code it ends. */
jest.setTimeout(90_000);

let prometheus: RunningPrometheus;
let postgres: RunningPostgres;

beforeAll(async () => {
  [prometheus, postgres] = await Promise.all([startPrometheus({ config: 'scrape_configs: []' }), startPostgres()]);
});

afterAll(async () => {
  await Promise.all([prometheus?.stop(), postgres?.stop()]);
});

describe('without a task', () => {
  it('prints help and a hint, and ends with 1', async () => {
    const { code, output } = await runProgram([]);
    expect(code).toBe(1);
    expect(output).toContain('Usage: promkeep');
    expect(output).toContain('promkeep serve');
  });

  it('prints help and version on demand', async () => {
    expect(await runProgram(['--version'])).toEqual({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const { code, output } = await runProgram(['--help']);
    expect(code).toBe(0);
    expect(output).toContain('Exit codes');
  });

  it('ends with 2 for what it does not know', async () => {
    const { code, output } = await runProgram(['serve', '--prot', '5']);
    expect(code).toBe(2);
    expect(output).toContain("unknown option '--prot'");
  });
});

describe('query', () => {
  it('prints a table, standard records or JSON', async () => {
    const at = ['--url', prometheus.url, '--time', '1767225600'];
    const table = await runProgram(['query', 'vector(3)', ...at]);
    expect(table.output).toBe(
      'time                      metric     labels  value\n2026-01-01T00:00:00.000Z  vector(3)              3\n'
    );
    const standard = await runProgram(['query', 'vector(3)', ...at, '--format', 'standard']);
    expect(JSON.parse(standard.output)).toEqual([
      expect.objectContaining({ metric_name: 'vector(3)', metric_value: 3, timestamp: '2026-01-01T00:00:00.000Z' }),
    ]);
    const range = ['--url', prometheus.url, '--start', '1767225600', '--end', '1767225660', '--step', '30s'];
    const json = await runProgram(['query', 'time() - 1767225600', ...range, '-f', 'json']);
    expect(JSON.parse(json.output)).toMatchObject({
      resultType: 'matrix',
      series: [
        {
          values: [
            [1767225600, '0'],
            [1767225630, '30'],
            [1767225660, '60'],
          ],
        },
      ],
    });
  });

  it("prints Prometheus' words about a wrong query, without a stack, and ends with 1", async () => {
    const { code, output } = await runProgram(['query', 'rate(up[', '--url', prometheus.url]);
    expect(code).toBe(1);
    expect(output).toContain('parse error');
    expect(output).not.toContain('    at ');
    const debug = await runProgram(['--debug', 'query', 'rate(up[', '--url', prometheus.url]);
    expect(debug.output).toContain('    at ');
  });

  it('names a Prometheus that is not there', async () => {
    const port = await freePort();
    const { code, output } = await runProgram(['query', 'up', '--url', `http://127.0.0.1:${port}`]);
    expect([code, output]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
  });
});

describe('migrate and archive status', () => {
  it('make the tables, and say what is in them', async () => {
    const environment = { PROMKEEP_DATABASE_URL: await postgres.createDatabase('cli_migrate') };
    expect(await runProgram(['migrate'], environment)).toEqual({
      code: 0,
      output: expect.stringContaining('from schema 0 to '),
    });
    expect(await runProgram(['migrate'], environment)).toEqual({
      code: 0,
      output: expect.stringContaining('up to date'),
    });
    const status = await runProgram(['archive', 'status'], environment);
    expect(status).toEqual({ code: 0, output: expect.stringContaining('0 samples of 0 series') });
  });

  it('show what waits to be deleted; it is taken back, or carried out, and noted as done from here', async () => {
    const url = await postgres.createDatabase('cli_waiting');
    const environment = { PROMKEEP_DATABASE_URL: url };
    const server = new TestServer({ name: 'running' });
    const archive = server.archive(url);
    const query = { name: 'cpu', expression: 'up', stepMs: STEP, retention: '1y' };
    await archive.definitions.provision([query]);
    await archive.samples.writeRange(writing([gridSeries({ __name__: 'm' }, [1, 2])]), live());
    await archive.definitions.provision([{ ...query, retention: '7d' }]);
    const { output } = await runProgram(['archive', 'status'], environment);
    expect(output).toMatch(/Waits to be deleted\n.*\n(.*\n)?cpu +retention +1y +7d +config +20/);
    expect(await runProgram(['archive', 'take-back', 'cpu'], environment)).toMatchObject({ code: 0 });
    expect(await runProgram(['archive', 'take-back', 'cpu'], environment)).toMatchObject({ code: 1 });
    await archive.definitions.provision([{ ...query, retention: '7d' }]);
    expect(await runProgram(['archive', 'carry-out', 'cpu'], environment)).toMatchObject({ code: 0 });
    expect((await archive.ledger.entries())[0].retention).toBe('7d');
    const client = await server.client(url);
    const { rows } = await client.query('SELECT actor, action FROM promkeep_audit ORDER BY audit_id');
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['config', 'asked'],
      ['command', 'taken back'],
      ['config', 'asked'],
      ['command', 'at once'],
    ]);
    await server.closeAll();
  });

  it('say so when there is no archive, or the password is wrong', async () => {
    expect(await runProgram(['migrate'])).toEqual({
      code: 1,
      output: expect.stringContaining('PROMKEEP_DATABASE_URL'),
    });
    const wrong = postgres.url.replace(/:[^:@/]+@/, ':hunter2@');
    const { code, output } = await runProgram(['migrate'], { PROMKEEP_DATABASE_URL: wrong });
    expect(code).toBe(1);
    expect(output).toMatch(/password|login/i);
    expect(output).not.toContain('hunter2');
  });
});

describe('serve', () => {
  it('lists every fault of the configuration at once and ends with 2', async () => {
    const { file, remove } = await temporaryFile(
      'promkeep.yaml',
      'server: {prot: 1}\nrecorded_queries: [{name: x, exprr: up}]\n'
    );
    const { code, output } = await runProgram(['serve', '--config', file]);
    await remove();
    expect(code).toBe(2);
    expect(output).toContain('server.prot: unknown key; allowed are host, port,');
    expect(output).toContain('recorded_queries[0].exprr: unknown key; allowed are name, expr, step, retention');
    expect(output).toContain('recorded_queries[0].expr: is missing');
  });

  it('names the port that is in use, and ends with 1', async () => {
    const server = http.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { code, output } = await runProgram(['serve', '--port', String(port)], { PROMETHEUS_URL: prometheus.url });
    server.close();
    expect(code).toBe(1);
    expect(output).toContain(`Port ${port} on 127.0.0.1 is in use; stop the other program, or choose another port`);
  });

  it('does not start on an address others can reach without a secret', async () => {
    const { code, output } = await runProgram(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect([code, output]).toEqual([2, expect.stringContaining('server.token or server.basic_auth must be set')]);
  });

  it('serves on such an address with a token, and asks for it on every path but /healthz', async () => {
    const token = 'a-token-of-twenty-char';
    const environment = { PROMETHEUS_URL: prometheus.url, PROMKEEP_TOKEN: token };
    const { url, process } = await serve({ args: ['--host', '0.0.0.0'], environment });
    const own = url.replace('0.0.0.0', '127.0.0.1');
    const statuses = async (headers: Record<string, string>): Promise<number[]> =>
      Promise.all(
        ['/healthz', '/readyz', '/metrics', '/api/standard?query=1', '/dashboard', '/nothing'].map(
          async (path) => (await fetch(own + path, { headers, redirect: 'manual' })).status
        )
      );
    expect(await statuses({})).toEqual([200, 401, 401, 401, 401, 401]);
    expect(await statuses({ authorization: `Bearer ${token}x` })).toEqual([200, 401, 401, 401, 401, 401]);
    expect((await statuses({ authorization: `Bearer ${token}` })).slice(0, 4)).toEqual([200, 200, 200, 200]);
    await process.stop();
    expect(process.output()).not.toContain(token);
  });

  it('keeps answering with a wrong database password, says so, and prints no secret', async () => {
    const environment = {
      PROMETHEUS_URL: prometheus.url.replace('http://', 'http://reader:hunter2@'),
      PROMKEEP_DATABASE_URL: postgres.url.replace(/:[^:@/]+@/, ':hunter3@'),
      PROMKEEP_TOKEN: 'hunter4-hunter4-hunter4',
    };
    const { url, process } = await serve({ args: ['--log-level', 'debug', '--log-format', 'json'], environment });
    const headers = { authorization: 'Bearer hunter4-hunter4-hunter4' };
    await until('the failure is logged', async () => process.output().includes('ARCHIVE_LOGIN_FAILED'));
    expect((await getJson(`${url}/api/standard?query=1`, headers)).status).toBe(200);
    const ready = await getJson(`${url}/readyz`, headers);
    expect(ready).toMatchObject({ status: 503, body: { checks: { prometheus: 'ok' } } });
    const status = await getJson(`${url}/api/archive/status`, headers);
    expect(status).toMatchObject({ status: 503, body: { code: 'ARCHIVE_LOGIN_FAILED' } });
    await process.stop();
    const everything = process.output() + JSON.stringify([ready, status]);
    expect(everything).not.toMatch(/hunter[234]/);
    expect(JSON.parse(process.output().split('\n')[0])).toMatchObject({ level: 'info', message: 'Promkeep serves.' });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 within three seconds after %s', async (signal) => {
    const environment = {
      PROMETHEUS_URL: prometheus.url,
      PROMKEEP_DATABASE_URL: await postgres.createDatabase(`cli_${signal.toLowerCase()}`),
    };
    const { process } = await serve({ environment });
    const beginMs = Date.now();
    await process.stop(signal);
    expect(await process.exited).toBe(0);
    expect(Date.now() - beginMs).toBeLessThan(3_000);
    expect(process.output()).toContain('Stopped.');
  });
});

// [P1]
it('hints at Grafana when the plugin command is called by hand', async () => {
  const program = await startProgram({ args: ['plugin'] });
  expect(await program.exited).toBe(1);
});
