import { useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { recordsAsCsv, recordsAsJson, shownRecords } from './data/shownRecords';
import { type Tile } from './data/tile';
import { smallText } from './tile/styles';
import { type Words } from './words/words';

const FORMATS = {
  json: { write: recordsAsJson, type: 'application/json', file: 'summary.json' },
  csv: { write: recordsAsCsv, type: 'text/csv;charset=utf-8', file: 'summary.csv' },
} as const;

type Format = keyof typeof FORMATS;

/** Copies or downloads the values shown as standard records, and says what came of it. */
export function ExportBar({ tiles, source, words }: { tiles: readonly Tile[]; source: string; words: Words }) {
  const styles = useStyles2(getStyles);
  const [outcome, setOutcome] = useState('');
  const write = (format: Format) => {
    const records = shownRecords(tiles, source);
    return { count: records.length, text: FORMATS[format].write(records) };
  };
  const copy = async (format: Format) => {
    const { count, text } = write(format);
    setOutcome((await copyText(text)) ? words('export.copied', { count }) : words('export.refused'));
  };
  return (
    <div className={styles.bar} role="group" aria-label={words('export.open')}>
      <Action onClick={() => void copy('json')}>{words('export.copyJson')}</Action>
      <Action onClick={() => void copy('csv')}>{words('export.copyCsv')}</Action>
      <Action onClick={() => download('json', write('json').text)}>{words('export.downloadJson')}</Action>
      <Action onClick={() => download('csv', write('csv').text)}>{words('export.downloadCsv')}</Action>
      <span aria-live="polite">{outcome}</span>
    </div>
  );
}

function Action({ onClick, children }: { onClick: () => void; children: string }) {
  const styles = useStyles2(getStyles);
  return (
    <button type="button" className={styles.action} onClick={onClick}>
      {children}
    </button>
  );
}

/** The clipboard is there only on HTTPS and loopback, and may be refused even then. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function download(format: Format, text: string): void {
  const { type, file } = FORMATS[format];
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  // The browser reads the blob after the click has been handled.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({
    ...smallText(theme),
    lineHeight: '20px',
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '0 14px',
    '@media print': { display: 'none' },
  }),
  action: css({
    margin: 0,
    padding: '2px 0',
    border: 0,
    background: 'none',
    font: 'inherit',
    color: theme.colors.text.secondary,
    textDecoration: 'underline',
    textUnderlineOffset: 2,
    cursor: 'pointer',
    '&:hover': { color: theme.colors.text.primary },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 1 },
  }),
});
