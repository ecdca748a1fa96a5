import net from 'node:net';

/** Whether a listening address can be reached from this machine only. Names other than localhost count as reachable. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || bare === '::1') {
    return true;
  }
  return net.isIPv4(bare) && bare.startsWith('127.');
}
