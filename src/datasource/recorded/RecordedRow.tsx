import { css } from '@emotion/css';
import { dateTimeFormat, dateTimeFormatTimeAgo, type GrafanaTheme2 } from '@grafana/data';
import { Badge, Button, IconButton, Stack, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { formatDurationMs } from '../../contract/duration';
import { type RecordedQueryItem, type RecordingRights } from '../../contract/recordedQuery';
import { say, sayIfKnown } from '../texts';

interface RowProps {
  query: RecordedQueryItem;
  may: RecordingRights;
  onEdit: () => void;
  onPause: (paused: boolean) => void;
  onDelete: (withData: boolean) => void;
}

export function RecordedRow({ query, may, onEdit, onPause, onDelete }: RowProps) {
  const styles = useStyles2(getStyles);
  const [below, setBelow] = useState<'gaps' | 'delete'>();
  const toggle = (what: 'gaps' | 'delete') => setBelow((now) => (now === what ? undefined : what));
  const { name, expression, stepMs, retention, raw, updatedAtMs, updatedBy, newestMs, gapCount } = query;
  return (
    <>
      <tr>
        <td>
          <Stack direction="row" gap={1} alignItems="center">
            <strong>{name}</strong>
            {raw && <Badge text={say('recorded.raw')} tooltip={say('recorded.rawHint')} color="blue" />}
            {query.provisioned && (
              <Badge text={say('recorded.provisioned')} tooltip={say('recorded.provisionedHint')} color="purple" />
            )}
          </Stack>
          <code className={styles.expression}>{expression}</code>
        </td>
        <td>{raw ? say('recorded.asScraped') : formatDurationMs(stepMs)}</td>
        <td>{retention}</td>
        <td>
          <Badge
            text={say(query.paused ? 'recorded.paused' : 'recorded.recording')}
            color={query.paused ? 'orange' : 'green'}
          />
        </td>
        <td>
          {coverageText(query)}
          {gapCount > 0 && (
            <Button type="button" size="sm" fill="text" aria-expanded={below === 'gaps'} onClick={() => toggle('gaps')}>
              {say('recorded.gaps', { count: gapCount })}
            </Button>
          )}
        </td>
        <td title={newestMs === undefined ? undefined : dateTimeFormat(newestMs)}>
          {newestMs === undefined ? '–' : dateTimeFormatTimeAgo(newestMs)}
        </td>
        <td title={dateTimeFormat(updatedAtMs)}>
          {dateTimeFormatTimeAgo(updatedAtMs)}
          {updatedBy !== undefined && <div className={styles.quiet}>{updatedBy}</div>}
        </td>
        <td>
          {may.edit && !query.provisioned && (
            <Stack direction="row" gap={1}>
              <IconButton name="pen" tooltip={say('recorded.editOne', { name })} onClick={onEdit} />
              <IconButton
                name={query.paused ? 'play' : 'pause'}
                tooltip={say(query.paused ? 'recorded.resumeOne' : 'recorded.pauseOne', { name })}
                onClick={() => onPause(!query.paused)}
              />
              <IconButton
                name="trash-alt"
                tooltip={say('recorded.deleteOne', { name })}
                aria-expanded={below === 'delete'}
                onClick={() => toggle('delete')}
              />
            </Stack>
          )}
        </td>
      </tr>
      {below !== undefined && (
        <tr>
          <td colSpan={8}>
            {below === 'gaps' ? (
              <Gaps query={query} />
            ) : (
              <ConfirmDelete query={query} may={may} onDelete={onDelete} onCancel={() => setBelow(undefined)} />
            )}
          </td>
        </tr>
      )}
    </>
  );
}

function Gaps({ query }: { query: RecordedQueryItem }) {
  const styles = useStyles2(getStyles);
  return (
    <ul className={styles.gaps} aria-label={say('recorded.gapsOf', { name: query.name })}>
      {query.gaps.map(({ fromMs, toMs, points, reason, detail }) => (
        <li key={fromMs}>
          {dateTimeFormat(fromMs)} – {dateTimeFormat(toMs)}: {say('recorded.points', { count: points })},{' '}
          {/* A reason of a newer backend as it comes. */ sayIfKnown(`gapReasons.${reason}`) ?? reason}
          {detail !== undefined && <span className={styles.quiet}> ({detail})</span>}
        </li>
      ))}
      {query.gapCount > query.gaps.length && (
        <li>{say('recorded.moreGaps', { count: query.gapCount - query.gaps.length })}</li>
      )}
    </ul>
  );
}

/** Share of the due times that is in the archive; 100 % only when nothing is missing. */
function coverageText({ coveredPoints, missingPoints }: RecordedQueryItem): string {
  const due = coveredPoints + missingPoints;
  return due === 0 ? '–' : `${Math.floor((10_000 * coveredPoints) / due) / 100} %`;
}

interface ConfirmProps extends Pick<RowProps, 'query' | 'may' | 'onDelete'> {
  onCancel: () => void;
}

function ConfirmDelete({ query, may, onDelete, onCancel }: ConfirmProps) {
  return (
    <Stack direction="column" gap={1}>
      <span>{say('recorded.deleteWhat', { name: query.name })}</span>
      <Stack direction="row" gap={1}>
        <Button type="button" size="sm" variant="secondary" onClick={() => onDelete(false)}>
          {say('recorded.deleteKeep')}
        </Button>
        <Button
          type="button"
          size="sm"
          variant="destructive"
          disabled={!may.deleteData}
          tooltip={may.deleteData ? undefined : say('recorded.deleteNeedsAdmin')}
          onClick={() => onDelete(true)}
        >
          {say('recorded.deleteData')}
        </Button>
        <Button type="button" size="sm" fill="text" onClick={onCancel}>
          {say('recorded.cancel')}
        </Button>
      </Stack>
    </Stack>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    expression: css({
      background: 'none',
      border: 'none',
      color: theme.colors.text.secondary,
      display: 'block',
      fontSize: theme.typography.bodySmall.fontSize,
      margin: 0,
      maxWidth: 420,
      minWidth: 200,
      overflowWrap: 'anywhere',
      padding: 0,
      whiteSpace: 'pre-line',
    }),
    quiet: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
    gaps: css({ margin: 0, paddingLeft: theme.spacing(2), li: { whiteSpace: 'normal' } }),
  };
}
