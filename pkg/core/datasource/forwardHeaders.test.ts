import { forwardHeaders, resourceHeaders } from './forwardHeaders';

describe('forwardHeaders', () => {
  // [Q2.3]
  it('lets through what Grafana adds for Prometheus, and nothing of the browser', () => {
    const grafana = { authorization: 'Bearer x', 'x-dashboard-uid': 'd', fromalert: 'true', traceparent: '00-1-2-01' };
    const browser = { 'accept-encoding': 'br', referer: 'http://g/', 'x-forwarded-for': '10.0.0.1', host: 'g' };
    expect(forwardHeaders({ ...grafana, ...browser })).toEqual(grafana);
  });

  it('leaves out a value that HTTP cannot carry', () => {
    expect(forwardHeaders({ 'x-panel-title': '漢字', 'x-dashboard-title': 'a\r\nb', 'x-panel-id': '1' })).toEqual({
      'x-panel-id': '1',
    });
  });
});

describe('resourceHeaders', () => {
  it("keeps what describes the call's own body, in any case", () => {
    expect(resourceHeaders({ 'Content-Type': 'text/plain', Cookie: 'a', 'X-Grafana-Cache': 'y' })).toEqual({
      'content-type': 'text/plain',
      'x-grafana-cache': 'y',
    });
  });
});
