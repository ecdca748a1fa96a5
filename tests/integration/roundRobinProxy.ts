import { forwardTo, type RudeServer, startRudeServer } from './prometheusRudeServer';

/**
 * One address before several Prometheus servers. Requests for the same thing go to one after the other, whatever else is asked
 * in between: a plain turn by request would always send a query to the one and its probe to the other.
 */
export async function startRoundRobin(urls: readonly string[]): Promise<RudeServer> {
  const turns = new Map<string, number>();
  return startRudeServer((request, response) => {
    const [path, search] = request.url.split('?');
    const thing = `${path} ${new URLSearchParams(request.body || search).get('query')}`;
    const turn = turns.get(thing) ?? 0;
    turns.set(thing, turn + 1);
    forwardTo(urls[turn % urls.length], request).then(
      ({ status, text }) => response.writeHead(status, { 'content-type': 'application/json' }).end(text),
      () => response.destroy()
    );
  });
}
