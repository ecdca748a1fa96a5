import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type RecordedQueriesAnswer, type RecordedQueryItem } from '../../contract/recordedQuery';
import { RecordedRow } from './RecordedRow';
import { say } from '../texts';

const COLUMNS = ['query', 'step', 'retention', 'state', 'coverage', 'newest', 'changed'] as const;

interface TableProps {
  answer: RecordedQueriesAnswer;
  onEdit: (query: RecordedQueryItem) => void;
  onPause: (query: RecordedQueryItem, paused: boolean) => void;
  onDelete: (query: RecordedQueryItem, withData: boolean) => void;
}

export function RecordedTable({ answer, onEdit, onPause, onDelete }: TableProps) {
  const styles = useStyles2(getStyles);
  if (answer.queries.length === 0) {
    return <p className={styles.empty}>{say('recorded.none')}</p>;
  }
  return (
    <div className={styles.scroll}>
      <table className={styles.table} aria-label={say('recorded.title')}>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th scope="col" key={column}>
                {say(`recorded.${column}`)}
              </th>
            ))}
            <th scope="col">{answer.may.edit ? say('recorded.actions') : ''}</th>
          </tr>
        </thead>
        <tbody>
          {answer.queries.map((query) => (
            <RecordedRow
              key={query.name}
              query={query}
              may={answer.may}
              onEdit={() => onEdit(query)}
              onPause={(paused) => onPause(query, paused)}
              onDelete={(withData) => onDelete(query, withData)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    empty: css({ color: theme.colors.text.secondary, margin: 0 }),
    scroll: css({ maxWidth: '100%', overflowX: 'auto' }),
    table: css({
      borderCollapse: 'collapse',
      th: {
        color: theme.colors.text.secondary,
        fontSize: theme.typography.bodySmall.fontSize,
        fontWeight: theme.typography.fontWeightMedium,
        textAlign: 'left',
      },
      'th, td': { padding: theme.spacing(0.75, 1.5, 0.75, 0), verticalAlign: 'top', whiteSpace: 'nowrap' },
      'tbody tr': { borderTop: `1px solid ${theme.colors.border.weak}` },
    }),
  };
}
