import { useMemo } from 'react';
import { css } from '@emotion/css';
import { FieldType, LoadingState, type GrafanaTheme2, type PanelProps } from '@grafana/data';
import { PanelDataErrorView } from '@grafana/runtime';
import { useStyles2, useTheme2 } from '@grafana/ui';
import { arrange } from './arrange';
import { type SummaryPanelOptions } from './options';
import { readOptions } from './readOptions';
import { SummaryView } from './SummaryView';
import { toTiles } from './tiles';
import { ENGLISH } from './words';

/** Grafana's shell around the view: options, states of the query, size. */
export function SummaryPanel(props: PanelProps<SummaryPanelOptions>) {
  const { data, width, height, timeZone, fieldConfig, id } = props;
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const options = useMemo(() => readOptions(props.options), [props.options]);
  const tiles = useMemo(
    () =>
      toTiles(data.series, {
        calculations: options.calculations,
        withSparkline: options.showSparkline,
        timeRange: data.timeRange,
        words: ENGLISH,
        theme,
        timeZone,
      }),
    [data.series, data.timeRange, options, theme, timeZone]
  );
  const arrangement = useMemo(
    () => arrange(tiles, { sort: options.sort, hideHealthy: options.hideHealthy, limit: options.maxTiles }),
    [tiles, options]
  );
  if (tiles.length > 0) {
    return (
      <SummaryView
        {...arrangement}
        widthPx={width}
        heightPx={height}
        minTileWidthPx={options.minTileWidthPx}
        headingLevel={3}
        words={ENGLISH}
        timeZone={timeZone}
      />
    );
  }
  if (data.state === LoadingState.Loading || data.state === LoadingState.NotStarted) {
    return (
      <p className={styles.message} role="status">
        Loading …
      </p>
    );
  }
  const failure = data.errors?.[0] ?? data.error;
  if (data.state === LoadingState.Error && failure) {
    return (
      <p className={styles.message} role="alert">
        {failure.message ?? 'The query failed.'}
      </p>
    );
  }
  const hasOtherFields = data.series.some(({ fields }) => fields.some(({ type }) => type !== FieldType.time));
  return <PanelDataErrorView panelId={id} fieldConfig={fieldConfig} data={data} needsNumberField={hasOtherFields} />;
}

const getStyles = (theme: GrafanaTheme2) => ({
  message: css({ margin: 0, padding: theme.spacing(1), color: theme.colors.text.secondary }),
});
