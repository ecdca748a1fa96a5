import { type Upkeep } from '../archive/upkeep/upkeep';
import { type UpkeepJob } from '../record/upkeepSchedule';

/** What keeps an archive small, in the order in which it is done. */
export function upkeepJobs(jobs: Upkeep): UpkeepJob[] {
  return [
    { name: 'pack', run: async (signal) => ({ ...(await jobs.packClosed(signal)) }) },
    // Before samples go: what is not rolled up does not expire.
    { name: 'rollup', run: async (signal) => ({ ...(await jobs.rollUp(signal)) }) },
    {
      name: 'expire',
      async run(signal) {
        const { dropped, busy, ...counts } = await jobs.expire(signal);
        return { ...counts, droppedPartitions: dropped.length, busyPartitions: busy.length };
      },
    },
    { name: 'remove deleted', run: async (signal) => ({ ...(await jobs.removeDeleted(signal)) }) },
  ];
}
