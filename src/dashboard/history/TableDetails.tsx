import { useState, type ReactNode } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { foldedText } from '../../panel/tile/styles';

interface Props {
  title: string;
  /** The title for those who do not see what it belongs to. */
  label: string;
  onOpen?: (isOpen: boolean) => void;
  /** Made only while it is open. */
  children: () => ReactNode;
}

/** A table that is there for whoever opens it, in a box that scrolls. */
export function TableDetails({ title, label, onOpen, children }: Props) {
  const styles = useStyles2(getStyles);
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className={styles.details}
      onToggle={({ currentTarget: { open } }) => {
        setOpen(open);
        onOpen?.(open);
      }}
    >
      <summary aria-label={label}>{title}</summary>
      {isOpen && (
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={label}>
          {children()}
        </div>
      )}
    </details>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  details: css(foldedText(theme)),
  scroll: css({
    maxHeight: 240,
    marginTop: 4,
    overflow: 'auto',
    '@media print': { maxHeight: 'none' },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
    table: { width: '100%', borderCollapse: 'collapse', color: theme.colors.text.primary },
    th: { fontWeight: 400, textAlign: 'left', whiteSpace: 'nowrap', color: theme.colors.text.secondary },
    'th, td': { padding: '2px 12px 2px 0', borderBottom: `1px solid ${theme.colors.border.weak}` },
    td: { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
    'td:not([colspan])': { whiteSpace: 'nowrap' },
    'thead th:not(:first-child)': { textAlign: 'right' },
  }),
});
