import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const BUILD = path.resolve(__dirname, 'gallery/build.mjs');
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' };
const NONCE = 'Z2FsbGVyeQ';
/** The policy of `promkeep serve`: what runs here runs there. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' 'nonce-${NONCE}'`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** Builds the gallery and serves it on loopback under the page's Content-Security-Policy. */
export class GalleryServer {
  private constructor(
    private readonly server: Server,
    private readonly folder: string
  ) {}

  static async start(): Promise<GalleryServer> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'promkeep-gallery-'));
    await promisify(execFile)(process.execPath, [BUILD, folder]);
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://gallery');
      const file = path.join(folder, pathname === '/' ? 'index.html' : path.normalize(pathname));
      readFile(file, 'utf8').then(
        (text) => {
          response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
          response.setHeader('content-security-policy', POLICY);
          response.end(text.replace('__NONCE__', NONCE));
        },
        () => response.writeHead(404).end()
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new GalleryServer(server, folder);
  }

  get origin(): string {
    // A server that listens on a host and port has no other kind of address.
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.folder, { recursive: true, force: true });
  }
}
