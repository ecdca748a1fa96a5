import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveHistory } from '../../contract/archivePage';
import { originText, pointText } from './chartWords';
import { useLanguage } from '../language';
import { foldedText } from '../../panel/tile/styles';

/** What the chart shows, in words: expression, aggregation, step, and where its values come from. */
export function ChartFacts({ history, whole }: { history: ArchiveHistory; whole: string | undefined }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const { name, displayName, expression, seriesCount } = history;
  const shown =
    whole !== undefined
      ? say('page.history.asTile', { whole })
      : say('page.history.each', { count: seriesCount, number: seriesCount.toLocaleString('en') });
  return (
    <details className={styles.details}>
      <summary aria-label={say('page.history.factsOf', { name: displayName })}>{say('page.history.facts')}</summary>
      <dl className={styles.facts}>
        <div>
          <dt>{say('page.history.name')}</dt>
          <dd>{name}</dd>
        </div>
        {expression !== undefined && expression !== '' && (
          <div>
            <dt>PromQL</dt>
            <dd>
              <code>{expression}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>{say('page.history.shown')}</dt>
          <dd>{shown}</dd>
        </div>
        <div>
          <dt>{say('page.history.points')}</dt>
          <dd>{pointText(history, say)}</dd>
        </div>
        <div>
          <dt>{say('page.history.origin')}</dt>
          <dd>{originText(history, say)}</dd>
        </div>
      </dl>
    </details>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  details: css(foldedText(theme)),
  facts: css({
    display: 'grid',
    gridTemplateColumns: 'max-content minmax(0, 1fr)',
    gap: '2px 12px',
    margin: '2px 0 0',
    '> div': { display: 'contents' },
    dt: { margin: 0 },
    dd: { margin: 0, overflowWrap: 'anywhere', color: theme.colors.text.primary },
  }),
});
