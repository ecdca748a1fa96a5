import { type RecordedQueryItem } from '../../contract/recordedQuery';
import { say, type TextKey } from '../texts';

/** Share of the due times that is in the archive; 100 % only when nothing is missing. */
export function coverageText({ coveredPoints, missingPoints }: RecordedQueryItem): string {
  const due = coveredPoints + missingPoints;
  if (due === 0) {
    return '–';
  }
  const percent = Math.floor((10_000 * coveredPoints) / due) / 100;
  return `${percent} %`;
}

const REASONS: Readonly<Record<string, TextKey>> = {
  'source-down': 'gapReasons.sourceDown',
  'query-failed': 'gapReasons.queryFailed',
  'partial-answer': 'gapReasons.partialAnswer',
  'source-had-no-data': 'gapReasons.noData',
  'source-lost-it': 'gapReasons.lost',
  'archive-down': 'gapReasons.archiveDown',
  'not-recorded': 'gapReasons.notRecorded',
};

/** Why a range is missing, in words; a reason of a newer backend as it comes. */
export function gapReason(reason: string): string {
  const key = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  return key === undefined ? reason : say(key);
}
