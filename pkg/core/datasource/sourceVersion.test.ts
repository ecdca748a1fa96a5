import { NOW_MS } from '../../../tests/fakes/callers';
import { MemorySource } from '../../../tests/fakes/memorySource';
import { type BuildInfo } from '../ports/metricSource';
import { rememberVersion } from './sourceVersion';

class CountingSource extends MemorySource {
  calls = 0;
  fails = false;

  override async buildInfo(): Promise<BuildInfo | undefined> {
    this.calls++;
    if (this.fails) {
      throw new Error('down');
    }
    return super.buildInfo();
  }
}

describe('rememberVersion', () => {
  const { signal } = new AbortController();

  it('asks once, and again after ten minutes, since a Prometheus may be upgraded', async () => {
    const source = new CountingSource({});
    let nowMs = NOW_MS;
    const version = rememberVersion(source, { nowMs: () => nowMs });
    expect([await version(signal), await version(signal)]).toEqual(['2.53.0', '2.53.0']);
    expect(source.calls).toBe(1);
    nowMs += 600_001;
    await version(signal);
    expect(source.calls).toBe(2);
  });

  it('does without a version rather than fail, and does not remember a failure', async () => {
    const source = new CountingSource({});
    source.fails = true;
    const version = rememberVersion(source, { nowMs: () => NOW_MS });
    expect(await version(signal)).toBeUndefined();
    source.fails = false;
    expect(await version(signal)).toBe('2.53.0');
  });
});
