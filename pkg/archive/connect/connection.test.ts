import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PromkeepError } from '../../core/model/errors';
import { connectionFromUrl, describeConnection, poolConfig } from './connection';

function faultOf(url: string): PromkeepError {
  try {
    connectionFromUrl(url);
  } catch (error) {
    if (error instanceof PromkeepError) {
      return error;
    }
  }
  throw new Error('No PromkeepError was thrown');
}

describe('connectionFromUrl', () => {
  it('reads every part', () => {
    expect(connectionFromUrl('postgres://me:p%40ss@db.example:6432/metrics?sslmode=verify-full&schema=obs')).toEqual({
      host: 'db.example',
      port: 6432,
      database: 'metrics',
      user: 'me',
      password: 'p@ss',
      sslMode: 'verify-full',
      schema: 'obs',
    });
  });

  it('fills in what libpq fills in', () => {
    expect(connectionFromUrl('postgresql://me@')).toEqual({
      host: 'localhost',
      port: 5432,
      database: 'me',
      user: 'me',
      sslMode: 'disable',
    });
  });

  it('reads IPv6 addresses and socket directories', () => {
    expect(connectionFromUrl('postgres://me@[::1]:5433/db')).toMatchObject({ host: '::1', port: 5433 });
    expect(connectionFromUrl('postgres://me@/db?host=/run/postgresql')).toMatchObject({ host: '/run/postgresql' });
    expect(connectionFromUrl('postgres://me@%2Frun%2Fpostgresql/db')).toMatchObject({ host: '/run/postgresql' });
  });

  it('reads the CA certificate', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'promkeep-ca-'));
    const file = path.join(folder, 'ca.pem');
    writeFileSync(file, 'PEM');
    expect(connectionFromUrl(`postgres://me@h/db?sslmode=verify-ca&sslrootcert=${file}`).caCert).toBe('PEM');
    rmSync(folder, { recursive: true });
    expect(faultOf(`postgres://me@h/db?sslrootcert=${file}`).message).toContain(file);
  });

  it.each([
    ['a sslmode that promises less than it seems to', 'postgres://me:hunter2@h/db?sslmode=prefer'],
    ['an unknown parameter', 'postgres://me:hunter2@h/db?sslMode=require'],
    ['a port out of range', 'postgres://me:hunter2@h:99999/db'],
    ['no user', 'postgres://h/db?x=hunter2'],
    ['another scheme', 'mysql://me:hunter2@h/db'],
    ['something that is no URL', 'host=h password=hunter2'],
    ['a broken escape', 'postgres://me:hunter2%zz@h/db'],
  ])('refuses %s without repeating the password', (_, url) => {
    const fault = faultOf(url);
    expect(fault.code).toBe('SETTINGS_INVALID');
    expect(`${fault.message} ${String(fault.cause)} ${fault.stack}`).not.toContain('hunter2');
  });
});

describe('poolConfig', () => {
  const base = connectionFromUrl('postgres://me@h/db');

  it('uses TLS as libpq does', () => {
    expect(poolConfig(base).ssl).toBe(false);
    expect(poolConfig({ ...base, sslMode: 'require' }).ssl).toEqual({ rejectUnauthorized: false });
    expect(poolConfig({ ...base, sslMode: 'require', caCert: 'PEM' }).ssl).toMatchObject({ rejectUnauthorized: true });
    expect(poolConfig({ ...base, sslMode: 'verify-ca', caCert: 'PEM' }).ssl).toMatchObject({
      rejectUnauthorized: true,
      ca: 'PEM',
      checkServerIdentity: expect.any(Function),
    });
    expect(poolConfig({ ...base, sslMode: 'verify-full', caCert: 'PEM' }).ssl).toEqual({
      rejectUnauthorized: true,
      ca: 'PEM',
    });
  });

  it('never borrows a password from the environment', () => {
    expect(poolConfig(base).password).toBe('');
  });
});

it('describes a connection by host, port and database', () => {
  expect(describeConnection(connectionFromUrl('postgres://me:hunter2@[::1]/db'))).toBe('[::1]:5432/db');
});
