import { dateTimeFormat } from '@grafana/data';
import { type ArchiveGap } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';

/** Why something is missing; a reason the page does not know is shown as the archive wrote it. */
export function reasonText({ reason, detail }: ArchiveGap, say: Say): string {
  const key = `page.archive.reasons.${reason}`;
  const text = say(key);
  const known = text === key ? reason : text;
  return detail ? `${known} (${detail})` : known;
}

/** From when to when, why, and whether it may still come. */
export function gapText(gap: ArchiveGap, say: Say): string {
  return say('page.archive.gap', {
    from: dateTimeFormat(gap.fromMs),
    to: dateTimeFormat(gap.toMs),
    reason: reasonText(gap, say),
    outlook: say(`page.archive.outlook.${gap.outlook}`),
  });
}
