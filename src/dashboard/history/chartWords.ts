import { dateTimeFormat } from '@grafana/data';
import { type ArchiveHistory } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';
import { durationText } from './durationText';

/** Less of a range without values is the width of a line. */
const WORTH_A_WORD = 0.05;

/** `Sum of 5 series` */
export function wholeText({ aggregation = 'sum', seriesCount }: ArchiveHistory, say: Say): string {
  return say(`page.history.whole.${aggregation}`, { count: seriesCount, number: seriesCount.toLocaleString('en') });
}

/** That a chart of thirty days with half an hour of values has no more; nothing where it has. */
export function sinceText({ series, fromMs, toMs }: ArchiveHistory, say: Say): string | undefined {
  const firstMs = Math.min(...series.map(({ timesMs }) => timesMs[0]));
  return firstMs - fromMs > (toMs - fromMs) * WORTH_A_WORD
    ? say('page.history.since', { time: dateTimeFormat(firstMs) })
    : undefined;
}

/** Where the values come from: up to when from the archive, and why the line ends before that of a tile, if it does. */
export function originText(history: ArchiveHistory, say: Say): string {
  const { archivedUntilMs, settleMs, liveFailure } = history;
  if (settleMs === undefined) {
    return say('page.history.fromSource');
  }
  const age = durationText(settleMs);
  return archivedUntilMs === undefined
    ? say('page.history.notYetArchived', { age })
    : say(liveFailure === undefined ? 'page.history.joined' : 'page.history.endsAt', {
        ...{ time: dateTimeFormat(archivedUntilMs), age },
        message: liveFailure ?? '',
      });
}

/** What one point of the line stands for. */
export function pointText({ stepMs, bucketMs }: ArchiveHistory, say: Say): string {
  return bucketMs > stepMs
    ? say('page.history.bucket', { step: durationText(stepMs), bucket: durationText(bucketMs) })
    : say('page.history.step', { step: durationText(stepMs) });
}
