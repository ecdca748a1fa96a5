import { type Caller } from './datasource';

/** Grafana's alerting asks. */
export function isAlert({ headers }: Caller): boolean {
  return headers.fromalert === 'true';
}

/** Grafana's server-side expressions ask, for a dashboard or an alert: tables and empty frames make them fail. */
export function isExpression(caller: Caller): boolean {
  return isAlert(caller) || headerIsSet(caller, 'x-grafana-from-expr');
}

/**
 * Why this caller may not write to the archive; `undefined` when they may (promise 13).
 *
 * A role check alone would let the visitors of a public dashboard write, because Grafana runs their queries as an internal
 * identity with the role Admin. What tells it from a person is its login: Grafana 12 names its internal identities `service`
 * (public dashboards, background work) and `provisioning` (`pkg/apimachinery/identity/context.go`), and its background users
 * `grafana_…` (alerting's scheduler: `grafana_scheduler`). Anonymous visitors have an empty login. A person who took one of
 * these names cannot keep results; that is the safe side. Service accounts (`sa-…`) are made by an Admin, with a role, for
 * a program to act: they count as persons.
 */
export function refusalToWrite(caller: Caller): string | undefined {
  const { user } = caller;
  if (isAlert(caller)) {
    return 'alert queries are never kept';
  }
  if (isExpression(caller)) {
    return 'queries of expressions are never kept';
  }
  if (!user || user.login === '') {
    return 'only queries of a logged-in user are kept';
  }
  if (/^(service|provisioning|grafana_.*)$/i.test(user.login)) {
    return 'queries of public dashboards and of Grafana itself are never kept';
  }
  if (user.role !== 'Editor' && user.role !== 'Admin') {
    return 'keeping needs the role Editor or Admin';
  }
  if (['authorization', 'x-id-token', 'cookie'].some((name) => headerIsSet(caller, name))) {
    return FORWARDS_CREDENTIALS;
  }
  return undefined;
}

/** Two users may see different data through such a datasource; the archive could not tell them apart. */
export const FORWARDS_CREDENTIALS = "this datasource forwards each user's own credentials";

function headerIsSet({ headers }: Caller, name: string): boolean {
  return headers[name] !== undefined && headers[name] !== '';
}
