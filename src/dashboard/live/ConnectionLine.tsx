import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { durationText } from '../history/durationText';
import { useLanguage } from '../language';
import { failureText } from './liveFeed';
import { type SummaryState } from './useLive';

/**
 * Whether what is shown is current: a quiet line, or a banner that says what is wrong and since when. Only changes of the state are announced: the time of the last answer changes every few
 * seconds and stands outside the live region.
 */
export function ConnectionLine({ summary: { answer, failure } }: { summary: SummaryState }) {
  const { say } = useLanguage();
  const styles = useStyles2(getStyles);
  const state = failure ? 'lost' : answer ? 'live' : 'connecting';
  return (
    <div className={styles.line} data-state={state}>
      <span className={styles.dot} aria-hidden="true" />
      <span aria-live="polite" role="status">
        {state === 'connecting' && say('page.connecting')}
        {state === 'live' && say('page.live')}
        {failure &&
          say('page.noAnswerSince', { time: clockTime(failure.sinceMs), message: failureText(failure.message, say) })}
      </span>
      {failure && answer && (
        <span>{say('page.lastKnown', { age: durationText(Math.max(0, failure.lastMs - answer.receivedAtMs)) })}</span>
      )}
      {state === 'live' && answer && <span>{say('page.updated', { time: clockTime(answer.receivedAtMs) })}</span>}
    </div>
  );
}

function clockTime(timeMs: number): string {
  return dateTimeFormat(timeMs, { format: 'HH:mm:ss' });
}

const getStyles = (theme: GrafanaTheme2) => ({
  line: css({
    display: 'flex',
    alignItems: 'baseline',
    gap: 8,
    margin: '12px 0',
    fontSize: 13,
    lineHeight: '20px',
    color: theme.colors.text.secondary,
    overflowWrap: 'anywhere',
    '&[data-state="live"] > :first-child': { background: theme.colors.success.main },
    '&[data-state="lost"]': {
      flexWrap: 'wrap',
      padding: '8px 12px',
      color: theme.colors.text.primary,
      background: theme.colors.error.transparent,
      border: `1px solid ${theme.colors.error.border}`,
      borderRadius: 6,
    },
    '&[data-state="lost"] > :first-child': { background: theme.colors.error.main, borderRadius: 1 },
  }),
  dot: css({ flex: 'none', width: 8, height: 8, borderRadius: '50%', background: theme.colors.text.disabled }),
});
