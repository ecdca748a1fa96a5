import { PromkeepError } from '../../core/model/errors';
import { type Transaction } from '../connect/database';

/**
 * Whom the archive is as safe with as with its own role: superusers, the schema's owner (of `public` that may be whoever owns
 * the database), and who is a member of one of them. Not the groups the role is in itself: others are in them, too. By the
 * catalog, since `pg_has_role` says of a superuser that he is a member of every role.
 */
const TRUSTED = `WITH RECURSIVE archive_schema AS (SELECT n.oid, n.nspowner, n.nspacl FROM pg_namespace n WHERE n.nspname = $1::text),
  trusted(oid) AS (
    SELECT r.oid FROM pg_roles r, archive_schema n
    WHERE r.rolsuper OR r.rolname = current_user OR r.oid = n.nspowner
      OR r.oid = (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database())
         AND (SELECT o.rolname FROM pg_roles o WHERE o.oid = n.nspowner) = 'pg_database_owner'
    UNION
    SELECT m.member FROM pg_auth_members m JOIN trusted t ON t.oid = m.roleid)`;

const CREATORS = `${TRUSTED}
  SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE format('%I', a.grantee::regrole::name) END AS role
  FROM archive_schema n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
  WHERE a.privilege_type = 'CREATE' AND NOT EXISTS (SELECT 1 FROM trusted t WHERE t.oid = a.grantee) ORDER BY role`;

/**
 * What another role has made there under a name of ours (a table `metrics_data` has an error of its own), and its functions and
 * operators of any name: the schema is on our path, and one whose argument types fit better is taken before that of PostgreSQL.
 * Operators come first: their functions can be dropped only after them.
 */
const STRANGERS = `${TRUSTED}
  SELECT s.kind || ' ' || format('%I.%s', $1::text, s.name) AS object, format('%I', s.owner::regrole::name) AS owner
  FROM (
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE'
             WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END AS kind,
           format('%I', c.relname) AS name, c.relname AS plain, c.relowner AS owner
    FROM pg_class c JOIN archive_schema n ON n.oid = c.relnamespace
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
           format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), NULL, p.proowner
    FROM pg_proc p JOIN archive_schema n ON n.oid = p.pronamespace
    UNION ALL
    SELECT 'OPERATOR', format('%s (%s, %s)', o.oprname, CASE o.oprleft WHEN 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,
             format_type(o.oprright, NULL)), NULL, o.oprowner
    FROM pg_operator o JOIN archive_schema n ON n.oid = o.oprnamespace
    UNION ALL
    SELECT CASE y.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, format('%I', y.typname), y.typname, y.typowner
    FROM pg_type y JOIN archive_schema n ON n.oid = y.typnamespace WHERE y.typrelid = 0 AND y.typelem = 0) s
  WHERE (s.plain IS NULL OR s.plain LIKE 'promkeep\\_%' OR s.plain IN ('metrics_between', 'metrics_rollup', 'metrics_5m', 'metrics_1h'))
    AND NOT EXISTS (SELECT 1 FROM trusted t WHERE t.oid = s.owner)
  ORDER BY s.kind <> 'OPERATOR', object`;

/**
 * Throws `SETTINGS_INVALID` where another role may create in the schema, or has. A function of the right name and argument types,
 * a table of the name of next week's partition or of `promkeep_migrations` would run with our rights, or be in our way. The
 * message has the statement that mends it.
 */
export async function requireOwnSchema(tx: Transaction, name: string): Promise<void> {
  const creators = (await tx.rows(CREATORS, [name])).map(({ role }) => String(role));
  if (creators.length > 0) {
    const [{ role, quoted }] = await tx.rows(
      `SELECT format('%I', current_user) AS role, format('%I', $1::text) AS quoted`,
      [name]
    );
    throw new PromkeepError(
      'SETTINGS_INVALID',
      `Other database roles (${creators.join(', ')}) may create in the archive's schema ${name}, and could put functions and tables ` +
        `of their own in place of Promkeep's. Let its owner run: GRANT USAGE, CREATE ON SCHEMA ${String(quoted)} TO ${String(role)}; ` +
        `REVOKE CREATE ON SCHEMA ${String(quoted)} FROM ${creators.join(', ')}; — or set another schema (archive.schema), ` +
        'for an archive that is still to be made'
    );
  }
  const [stranger] = await tx.rows(STRANGERS, [name]);
  if (stranger !== undefined) {
    const object = String(stranger.object);
    throw new PromkeepError(
      'SETTINGS_INVALID',
      `The archive's schema has something that Promkeep could take for its own and that belongs to the role ${String(stranger.owner)}. ` +
        `Look at it, then run: DROP ${object};`
    );
  }
}
