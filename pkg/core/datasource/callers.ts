import { type Caller } from '../ports/datasource';
import { forwardHeaders } from './forwardHeaders';
import { type CallOptions } from '../ports/metricSource';

/** How a source is asked on behalf of a caller. */
export function callFor({ headers, memory }: Caller, signal: AbortSignal): CallOptions {
  return { signal, headers: forwardHeaders(headers), memory };
}

/** Grafana's alerting asks. */
export function isAlert({ headers, doubtful = [] }: Caller): boolean {
  return headers.fromalert === 'true' || doubtful.includes('fromalert');
}

/** Grafana's server-side expressions ask, for a dashboard or an alert: tables and empty frames make them fail. */
export function isExpression(caller: Caller): boolean {
  return isAlert(caller) || headerIsSet(caller, 'x-grafana-from-expr');
}

/**
 * Nothing tells whether an expression asks. Grafana's server has no sign for it: the browser sets `X-Grafana-From-Expr` when a
 * panel has expressions, beside the `X-Datasource-Uid` of every request it makes; public dashboards and direct calls of
 * `/api/ds/query` have neither (`pkg/services/query`, `pkg/expr/nodes.go` of Grafana 12.4).
 */
export function mayBeExpression(caller: Caller): boolean {
  return isExpression(caller) || !headerIsSet(caller, 'x-datasource-uid');
}

/**
 * Why this caller may not write to the archive, by keeping a result or by changing recorded queries; `undefined` when they may
 * [A13].
 *
 * A role check alone would let the visitors of a public dashboard write, because Grafana runs their queries as an internal
 * identity with the role Admin. What tells it from a person is its login: Grafana 12 names its internal identities `service`
 * (public dashboards, background work) and `provisioning` (`pkg/apimachinery/identity/context.go`), and its background users
 * `grafana_…` (alerting's scheduler: `grafana_scheduler`). Anonymous visitors have an empty login. A person who took one of
 * these names cannot keep results; that is the safe side. Service accounts (`sa-…`) are made by an Admin, with a role, for
 * a program to act: they count as persons.
 */
export function refusalToWrite(caller: Caller, what: keyof typeof WORDS = 'keep'): string | undefined {
  const { user } = caller;
  const words = WORDS[what];
  if (isAlert(caller)) {
    return words.alert;
  }
  if (isExpression(caller)) {
    return words.expression;
  }
  if (!user || user.login === '') {
    return words.nobody;
  }
  if (/^(service|provisioning|grafana_.*)$/i.test(user.login)) {
    return words.internal;
  }
  if (user.role !== 'Editor' && user.role !== 'Admin') {
    return words.role;
  }
  return sendsCredentials(caller) ? FORWARDS_CREDENTIALS : undefined;
}

/** Why this caller may not read from the archive; `undefined` when they may [A12]. Reading needs no role of its own. */
export function refusalToRead(caller: Caller, forwardsCredentials: boolean): string | undefined {
  return forwardsCredentials || sendsCredentials(caller) ? FORWARDS_CREDENTIALS : undefined;
}

function sendsCredentials(caller: Caller): boolean {
  return ['authorization', 'x-id-token', 'cookie'].some((name) => headerIsSet(caller, name));
}

const WORDS = {
  keep: {
    alert: 'alert queries are never kept',
    expression: 'queries of expressions are never kept',
    nobody: 'only queries of a logged-in user are kept',
    internal: 'queries of public dashboards and of Grafana itself are never kept',
    role: 'keeping needs the role Editor or Admin',
  },
  record: {
    alert: 'alerts never do',
    expression: 'expressions never do',
    nobody: 'only a logged-in user may',
    internal: 'public dashboards and Grafana itself never do',
    role: 'it needs the role Editor or Admin',
  },
} as const;

/** Two users may see different data through such a datasource; the archive could not tell them apart. */
export const FORWARDS_CREDENTIALS = "this datasource forwards each user's own credentials";

function headerIsSet({ headers, doubtful = [] }: Caller, name: string): boolean {
  return (headers[name] !== undefined && headers[name] !== '') || doubtful.includes(name);
}
