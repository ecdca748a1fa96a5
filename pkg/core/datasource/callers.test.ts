import { isExpression, mayBeExpression, refusalToWrite } from './callers';
import { type Caller } from '../ports/datasource';

function caller(login: string | undefined, role = 'Editor', headers: Record<string, string> = {}): Caller {
  return { orgId: 1, headers, ...(login === undefined ? {} : { user: { login, role } }) };
}

describe('refusalToWrite', () => {
  it.each([
    ['an Editor', caller('eva')],
    ['an Admin', caller('adam', 'Admin')],
    ['a service account, which an Admin gave its role', caller('sa-1-recorder')],
    ['a person whose login only begins like an internal one', caller('services')],
  ])('lets %s write', (_, one) => {
    expect(refusalToWrite(one)).toBeUndefined();
  });

  // [A13]
  it.each([
    ['a Viewer', caller('vera', 'Viewer'), /Editor or Admin/],
    ['an unknown role', caller('vera', 'None'), /Editor or Admin/],
    ['a call of Grafana by itself', caller(undefined), /logged-in user/],
    ['an anonymous visitor', caller('', 'Admin'), /logged-in user/],
    ["a public dashboard, which runs as Grafana's Admin identity", caller('service', 'Admin'), /public dashboards/],
    ["Grafana's provisioning identity", caller('provisioning', 'Admin'), /public dashboards/],
    ["alerting's background user", caller('grafana_scheduler', 'Admin'), /public dashboards/],
    ['an alert', caller('adam', 'Admin', { fromalert: 'true' }), /alert/],
    ['an expression', caller('adam', 'Admin', { 'x-grafana-from-expr': 'true' }), /expressions/],
    ['a forwarded OAuth token', caller('adam', 'Admin', { authorization: 'Bearer x' }), /credentials/],
    ['a forwarded identity', caller('adam', 'Admin', { 'x-id-token': 'x' }), /credentials/],
    ['a forwarded cookie', caller('adam', 'Admin', { cookie: 'a=b' }), /credentials/],
  ])('refuses %s', (_, one, reason) => {
    expect(refusalToWrite(one)).toMatch(reason);
  });
});

describe('mayBeExpression', () => {
  it('knows what the browser asks for itself', () => {
    expect(mayBeExpression(caller('a', 'Admin', { 'x-datasource-uid': 'u' }))).toBe(false);
    expect(mayBeExpression(caller('a', 'Admin', { 'x-datasource-uid': 'u', 'x-grafana-from-expr': 'true' }))).toBe(
      true
    );
    expect(mayBeExpression(caller('service', 'Admin'))).toBe(true);
  });
});

describe('isExpression', () => {
  it('knows alerts and expressions by their headers', () => {
    expect(isExpression(caller('a'))).toBe(false);
    expect(isExpression(caller('a', 'Admin', { fromalert: 'false' }))).toBe(false);
    expect(isExpression(caller('a', 'Admin', { fromalert: 'true' }))).toBe(true);
    expect(isExpression(caller('a', 'Admin', { 'x-grafana-from-expr': 'true' }))).toBe(true);
  });
});
