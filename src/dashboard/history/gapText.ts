import { dateTimeFormat } from '@grafana/data';
import { type ArchiveHole } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';

/** Why something is missing; a reason the page does not know is shown as the archive wrote it. */
export function reasonText({ reason, detail }: ArchiveHole, say: Say): string {
  const key = `page.archive.reasons.${reason}`;
  const text = say(key);
  const known = text === key ? reason : text;
  return detail ? `${known} (${detail})` : known;
}

/** From when to when, why, and whether it may still come. */
export function holeText(hole: ArchiveHole, say: Say): string {
  return say('page.archive.gap', {
    from: dateTimeFormat(hole.fromMs),
    to: dateTimeFormat(hole.toMs),
    reason: reasonText(hole, say),
    outlook: say(`page.archive.outlook.${hole.outlook}`),
  });
}
