// @ts-check
const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * Test files that take longest, from 250 s to 45 s. Jest knows what a file took only where it ran before; on a fresh machine it goes
 * by the size of files, and the last one would keep one worker busy while the others have nothing left to do. Where Jest has times
 * of its own, its order stays.
 */
const SLOWEST = [
  'promqlEquality',
  'rawKills',
  'start',
  'dashboard',
  'probe',
  'archiverKills',
  'serveStall',
  'pluginRecorder',
  'archiverLeadership',
  'verifyPacked',
  'archiveRestore',
  'archiveHistory',
  'archiver',
  'hostileTexts',
  'archiverReplicas',
  'readBack',
  'archiverFaults',
  'archiverClock',
  'archivePacking',
  'ledgerCommands',
  'deletionAttacks',
  'archiverDiskFull',
  'archiveFaults',
  'archiveContract',
  'archivePackKill',
  'archiverPartial',
];

module.exports = class extends Sequencer {
  /** @param {import('@jest/test-result').Test[]} tests */
  sort(tests) {
    const rank = ({ path }) => {
      const at = SLOWEST.indexOf(/([^/\\]+)\.test\.tsx?$/.exec(path)?.[1] ?? '');
      return at < 0 ? SLOWEST.length : at;
    };
    const sorted = [...super.sort(tests)];
    return sorted.some(({ duration }) => duration !== undefined) ? sorted : sorted.sort((a, b) => rank(a) - rank(b));
  }
};
