import { startPostgres, withClient } from '../../scripts/stack/postgres';
import { startPrometheus } from '../../scripts/stack/prometheus';
import { ensureRoles } from '../../scripts/stack/roles';

jest.setTimeout(120_000);

// [R3]
it('the exporter of PostgreSQL reads statistics of all, and neither data nor writes anything', async () => {
  const postgres = await startPostgres();
  const url = await postgres.createDatabase('demo');
  const secrets = { ownerPassword: 'owner', monitorPassword: 'monitor', grafanaPassword: 'unused' };
  const { owner, monitor } = await ensureRoles(url, secrets);
  await withClient(owner, (client) => client.query('CREATE TABLE samples AS SELECT 1 AS value'));
  await withClient(monitor, async (client) => {
    const { rows } = await client.query<{ queries: string }>(
      "SELECT count(*) AS queries FROM pg_stat_activity WHERE query <> '<insufficient privilege>'"
    );
    expect(Number(rows[0].queries)).toBeGreaterThan(0);
    await expect(client.query('SELECT * FROM samples')).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('CREATE TABLE mine (value int)')).rejects.toMatchObject({ code: '25006' });
    // a session may take its default back: the rights hold all the same
    await client.query('SET default_transaction_read_only = off');
    await expect(client.query('DELETE FROM samples')).rejects.toMatchObject({ code: '42501' });
    const { rows: self } = await client.query(
      'SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user'
    );
    expect(self).toEqual([{ rolsuper: false, rolcreaterole: false }]);
  });
  await postgres.stop();
});

// [R1]
it('Prometheus keeps exemplars', async () => {
  const prometheus = await startPrometheus({ config: 'scrape_configs: []\n' });
  const answer = await fetch(`${prometheus.url}/api/v1/status/flags`);
  const { data } = (await answer.json()) as { data: Record<string, string> };
  await prometheus.stop();
  expect(data['enable-feature']).toContain('exemplar-storage');
});
