import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { type AddressInfo } from 'node:net';
import path from 'node:path';

interface VirtualCpu {
  child: ChildProcess;
  startedMs: number;
  /** A counter that went back by a microsecond would count as one that began anew. */
  idleSeconds: number;
}

/**
 * CPUs that can be driven to their limit and back on a machine that is busy with other things. Each is a real process that burns
 * or rests, seen as a virtual machine sees its CPU: `user` is the time it ran, `steal` the time it wanted to and somebody else
 * did, `idle` the rest (Linux' /proc/<pid>/schedstat). The counters have the node exporter's names, so the shipped rule reads
 * them; the node exporter's own would say 100 % all the time while other tests run.
 */
export class CpuLoad {
  private readonly cpus: VirtualCpu[];
  private readonly server = http.createServer((_, response) =>
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(this.text())
  );

  private constructor(count: number) {
    const script = path.join(__dirname, 'cpuBurner.ts');
    this.cpus = Array.from({ length: count }, () => ({
      child: fork(script, { execArgv: ['--require', require.resolve('tsx/cjs')], stdio: 'ignore' }),
      startedMs: Date.now(),
      idleSeconds: 0,
    }));
  }

  static async start(count: number): Promise<CpuLoad> {
    const load = new CpuLoad(count);
    await new Promise<void>((resolve) => load.server.listen(0, '127.0.0.1', resolve));
    return load;
  }

  /** `host:port` to scrape. */
  get target(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  burn(): void {
    this.cpus.forEach(({ child }) => child.send('burn'));
  }

  rest(): void {
    this.cpus.forEach(({ child }) => child.send('rest'));
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.cpus.map(({ child }) => {
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.disconnect();
        return exited;
      })
    );
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private text(): string {
    const lines = this.cpus.flatMap((one, cpu) => {
      const schedstat = readFileSync(`/proc/${one.child.pid}/schedstat`, 'utf8').split(' ');
      const [user, steal] = schedstat.map((nanoseconds) => Number(nanoseconds) / 1e9);
      one.idleSeconds = Math.max(one.idleSeconds, (Date.now() - one.startedMs) / 1000 - user - steal);
      return Object.entries({ user, steal, idle: one.idleSeconds }).map(
        ([mode, value]) => `node_cpu_seconds_total{cpu="${cpu}",mode="${mode}"} ${value}`
      );
    });
    return `# TYPE node_cpu_seconds_total counter\n${lines.join('\n')}\n`;
  }
}
