import { type Client } from 'pg';
import { withClient } from './postgres';
import { type Secrets } from './stateDir';

const OWNER = 'promkeep';
const MONITOR = 'promkeep_monitor';

export interface RoleUrls {
  /** Owns the archive's database and nothing else. */
  owner: string;
  /** Reads statistics, writes nothing: for the PostgreSQL exporter. */
  monitor: string;
}

/** Makes the two roles of the demo (again), so that neither Promkeep nor the exporter works as the superuser. */
export async function ensureRoles(superuserUrl: string, secrets: Secrets): Promise<RoleUrls> {
  const database = new URL(superuserUrl).pathname.slice(1);
  await withClient(superuserUrl, async (client) => {
    await ensureRole(client, OWNER, secrets.ownerPassword);
    await client.query(`ALTER DATABASE ${client.escapeIdentifier(database)} OWNER TO ${OWNER}`);
    await ensureRole(client, MONITOR, secrets.monitorPassword);
    await client.query(`GRANT pg_monitor TO ${MONITOR}`);
    await client.query(`ALTER ROLE ${MONITOR} SET default_transaction_read_only = on`);
  });
  return {
    owner: withUser(superuserUrl, OWNER, secrets.ownerPassword),
    monitor: withUser(superuserUrl, MONITOR, secrets.monitorPassword),
  };
}

async function ensureRole(client: Client, name: string, password: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER';
  await client.query(`${verb} ROLE ${client.escapeIdentifier(name)} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
}

function withUser(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}
