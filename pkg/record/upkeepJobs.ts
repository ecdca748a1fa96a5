import { type Upkeep } from '../core/ports/upkeep';
import { type UpkeepJob } from './upkeepSchedule';

/** What keeps an archive small, in the order in which it is done. */
export function upkeepJobs(upkeep: Upkeep): UpkeepJob[] {
  return [
    { name: 'pack', run: async (signal) => ({ ...(await upkeep.packClosed(signal)) }) },
    // Before samples go: what is not rolled up does not expire.
    { name: 'rollup', run: async (signal) => ({ ...(await upkeep.rollUp(signal)) }) },
    {
      name: 'expire',
      async run(signal) {
        const { dropped, busy, ...counts } = await upkeep.expire(signal);
        return { ...counts, droppedPartitions: dropped.length, busyPartitions: busy.length };
      },
    },
    { name: 'remove deleted', run: async (signal) => ({ ...(await upkeep.removeDeleted(signal)) }) },
  ];
}
