import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AppMetrics, createAppMetrics } from './appMetrics';
import { simulate } from './simulation';

export interface RunningExporter {
  port: number;
  /** Answers what is under way, then closes. */
  stop(): Promise<void>;
}

const TICK_MS = 5_000;

/** Serves `/metrics` and lets the pretended application work every five seconds, beginning now. */
export function startExporter(host: string, port: number): Promise<RunningExporter> {
  const metrics = createAppMetrics();
  metrics.record(simulate(Math.random));
  const server = createServer((request, response) => void answer(metrics, request, response));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      const timer = setInterval(() => metrics.record(simulate(Math.random)), TICK_MS);
      const address = server.address();
      const stop = (): Promise<void> => {
        clearInterval(timer);
        return new Promise((closed) => {
          server.close(() => closed());
          // Prometheus keeps its connection open between scrapes.
          server.closeIdleConnections();
        });
      };
      resolve({ port: typeof address === 'object' && address !== null ? address.port : port, stop });
    });
  });
}

async function answer(metrics: AppMetrics, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else if (path === '/metrics') {
    const { contentType, body } = await metrics.expose(request.headers.accept);
    response.writeHead(200, { 'content-type': contentType }).end(request.method === 'HEAD' ? undefined : body);
  } else {
    response.writeHead(path === '/' ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(path === '/' ? 'Custom exporter. See /metrics.\n' : 'Not found. See /metrics.\n');
  }
}
