import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { PromkeepError } from '../core/model/errors';

/**
 * Serves the dashboard page: index.html with a fresh nonce and never cached, everything below `assets/` (whose names carry a hash
 * of their content) cached for a year and sent compressed where the build left a `.br` or `.gz` beside it. By hand, because
 * `@fastify/static` brings an ESM-only dependency and a folder of flat, trusted names needs nothing of what it does.
 *
 * @param folder with index.html and assets/; absent or empty: `/dashboard` says what to do
 */
export function mountPage(server: FastifyInstance, folder: string | undefined): void {
  server.get('/', (_, reply) => reply.redirect('/dashboard'));
  server.get('/dashboard/', (_, reply) => reply.redirect('/dashboard'));
  const file = folder && path.join(folder, 'index.html');
  if (!file || !existsSync(file)) {
    server.get('/dashboard', (_, reply) =>
      reply.code(503).type('text/plain; charset=utf-8').send('The page was not built: run "npm run build".\n')
    );
    return;
  }
  const template = readFileSync(file, 'utf8');
  server.get('/dashboard', (_, reply) => {
    const nonce = randomBytes(18).toString('base64');
    return reply
      .header('content-security-policy', contentSecurityPolicy(nonce))
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(template.replaceAll('__NONCE__', nonce));
  });
  const assets = path.join(folder, 'assets');
  server.get('/dashboard/assets/:name', (request: FastifyRequest<{ Params: { name: string } }>, reply) =>
    sendAsset(assets, request, reply)
  );
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

const ENCODINGS = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
] as const;

async function sendAsset(
  folder: string,
  request: FastifyRequest<{ Params: { name: string } }>,
  reply: FastifyReply
): Promise<FastifyReply> {
  const { name } = request.params;
  const type = CONTENT_TYPES[path.extname(name)];
  // No separator and no leading dot: the name cannot lead out of the folder.
  const plain = /^\w[\w.-]*$/.test(name) && type ? await readOrNothing(path.join(folder, name)) : undefined;
  if (!plain) {
    throw new PromkeepError('NOT_FOUND', 'There is no such file.');
  }
  reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').header('vary', 'accept-encoding');
  const accepted = String(request.headers['accept-encoding'] ?? '')
    .split(',')
    .map((one) => one.trim());
  for (const encoding of ENCODINGS) {
    const accepts = accepted.some((one) => one === encoding.name || one.startsWith(`${encoding.name};q=0.`));
    const packed = accepts ? await readOrNothing(path.join(folder, name + encoding.ending)) : undefined;
    if (packed) {
      return reply.header('content-encoding', encoding.name).send(packed);
    }
  }
  return reply.send(plain);
}

/** Files of the build, about 1 MB: however many ask and do not read, there is one of each in memory. */
const files = new Map<string, Buffer>();

async function readOrNothing(file: string): Promise<Buffer | undefined> {
  try {
    const content = files.get(file) ?? (await readFile(file));
    files.set(file, content);
    return content;
  } catch {
    // Not there, or a folder: for the caller both mean "no such file".
    return undefined;
  }
}

/** Tried with the page in Chromium: no violation. Inline styles are set through the CSSOM, which the policy allows. */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}
