import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { startNodeExporter } from '../../scripts/stack/exporters';
import { freePort, portIsFree } from '../../scripts/stack/ports';
import { startPostgres, withClient } from '../../scripts/stack/postgres';
import { postgresUser, temporaryParent } from '../../scripts/stack/postgresBinaries';
import { startPrometheus } from '../../scripts/stack/prometheus';

const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

describe('the launcher of real parts', () => {
  jest.setTimeout(120_000);

  it('runs PostgreSQL on loopback, makes databases, and leaves neither process nor files', async () => {
    const postgres = await startPostgres();
    const url = await postgres.createDatabase('one');
    const answer = await withClient(url, (client) =>
      client.query<Record<string, string>>(
        "SELECT current_database() AS name, current_setting('max_connections') AS max, current_setting('listen_addresses') AS host, current_setting('data_directory') AS dir"
      )
    );
    expect(answer.rows[0]).toMatchObject({ name: 'one', max: '200', host: '127.0.0.1' });
    await postgres.stop();
    expect(await portIsFree(postgres.port)).toBe(true);
    expect(existsSync(answer.rows[0].dir)).toBe(false);
    expect(() => process.kill(postgres.process.pid, 0)).toThrow('ESRCH');
  });

  it('keeps data between starts, also after PostgreSQL was killed', async () => {
    const dataDir = await mkdtemp(path.join(await temporaryParent(await postgresUser()), 'promkeep-test-'));
    const first = await startPostgres({ dataDir });
    await withClient(first.url, (client) => client.query('CREATE TABLE kept AS SELECT 42 AS answer'));
    await first.process.stop('SIGKILL');
    const second = await startPostgres({ dataDir });
    const answer = await withClient(second.url, (client) => client.query('SELECT answer FROM kept'));
    await second.stop();
    await rm(dataDir, { recursive: true, force: true });
    expect(answer.rows).toEqual([{ answer: 42 }]);
  });

  (existsSync(DEBIAN_15) ? it : it.skip)('runs another PostgreSQL when told where', async () => {
    const postgres = await startPostgres({ binDir: DEBIAN_15 });
    const answer = await withClient(postgres.url, (client) => client.query<{ v: string }>('SELECT version() AS v'));
    await postgres.stop();
    expect(answer.rows[0].v).toContain('PostgreSQL 15');
  });

  it('runs Prometheus with the node exporter as a target', async () => {
    const exporter = await startNodeExporter();
    const prometheus = await startPrometheus({
      config: `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: node, static_configs: [{targets: ['127.0.0.1:${exporter.port}']}]}]\n`,
    });
    let up = '';
    for (let i = 0; i < 60 && !up.includes('"1"'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      up = await (await fetch(`${prometheus.url}/api/v1/query?query=up`)).text();
    }
    await prometheus.stop();
    await exporter.stop();
    expect(up).toContain('"1"');
  });

  it('says what a program printed when it cannot start', async () => {
    await expect(startPrometheus({ config: 'nonsense: true\n' })).rejects.toThrow(
      /Prometheus ended with code.*nonsense/s
    );
  });

  it('says so when a fixed port is taken', async () => {
    const port = await freePort();
    const exporter = await startNodeExporter({ port });
    await expect(startPrometheus({ config: '{}', port })).rejects.toThrow(/address already in use/);
    await exporter.stop();
  });
});
