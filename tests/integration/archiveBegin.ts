import { type Archive, type SourceIdentity } from '../../pkg/core/ports/archive';
import { type SampleStore } from '../../pkg/core/ports/sampleStore';
import { type ArchiveUpkeep } from '../../pkg/archive/upkeep/upkeep';
import { live, type Begin } from '../contracts/underTest';
import { MemorySamples } from '../fakes/memorySamples';
import { type TestServer } from './archiveServers';

/** An archive in PostgreSQL, for the contract suites. */
export function plain(test: TestServer): Begin {
  return begin(test, (url) => async (source) => test.archive(url, { source }));
}

/** The same promises hold when everything written so far lies in packed rows. */
export function packed(test: TestServer): Begin {
  return begin(test, (url) => {
    const jobs = test.jobs(url);
    return async (source) => packedAfterWrites(test.archive(url, { source }), jobs);
  });
}

/** Samples lie elsewhere; definitions, lease and ledger stay in PostgreSQL. */
export function samplesElsewhere(test: TestServer): Begin {
  return begin(test, (url) => {
    const stores = new Map<string, MemorySamples>();
    return async (source) => {
      const archive = test.archive(url, { source });
      const key = JSON.stringify([source.orgId, source.name]);
      const samples = stores.get(key) ?? new MemorySamples(archive.ledger);
      stores.set(key, samples);
      return { ...archive, samples };
    };
  });
}

function begin(test: TestServer, openIn: (url: string) => (source: SourceIdentity) => Promise<Archive>): Begin {
  return async () => ({ open: openIn(await test.freshDatabase()), dispose: () => test.closeAll() });
}

function packedAfterWrites(archive: Archive, jobs: ArchiveUpkeep): Archive {
  const writeRange: SampleStore['writeRange'] = async (write, signal) => {
    const outcome = await archive.samples.writeRange(write, signal);
    await jobs.packClosed(live());
    return outcome;
  };
  return { ...archive, samples: { ...archive.samples, writeRange } };
}
