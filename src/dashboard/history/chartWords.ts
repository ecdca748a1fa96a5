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

/** Why a chart ends before a tile, when Prometheus has not told the rest. */
export function endText({ liveFailure, archivedUntilMs, settleMs }: ArchiveHistory, say: Say): string | undefined {
  return liveFailure !== undefined && archivedUntilMs !== undefined && settleMs !== undefined
    ? say('page.history.endsAt', { time: dateTimeFormat(archivedUntilMs), age: durationText(settleMs) })
    : undefined;
}

/** Where the values come from: up to when from the archive, and why later ones do not. */
export function originText(history: ArchiveHistory, say: Say): string {
  const { archivedUntilMs, settleMs } = history;
  if (settleMs === undefined) {
    return say('page.history.fromSource');
  }
  const age = durationText(settleMs);
  return archivedUntilMs === undefined
    ? say('page.history.notYetArchived', { age })
    : say('page.history.joined', { time: dateTimeFormat(archivedUntilMs), age });
}

/** What one point of the line stands for. */
export function pointText({ stepMs, bucketMs }: ArchiveHistory, say: Say): string {
  return bucketMs > stepMs
    ? say('page.history.bucket', { step: durationText(stepMs), bucket: durationText(bucketMs) })
    : say('page.history.step', { step: durationText(stepMs) });
}
