import { useDeferredValue, useMemo, useState } from 'react';
import { css } from '@emotion/css';
import { FieldType, LoadingState, type GrafanaTheme2, type PanelData, type PanelProps } from '@grafana/data';
import { PanelDataErrorView } from '@grafana/runtime';
import { usePanelContext, useStyles2, useTheme2 } from '@grafana/ui';
import { ActionDialog } from './tile/ActionDialog';
import { arrange } from './tile/arrange';
import { type SummaryPanelOptions } from './data/options';
import { readOptions } from './data/readOptions';
import { SummaryView } from './SummaryView';
import { type TileAction } from './data/tile';
import { toTiles } from './data/tiles';
import { say } from './words/grafanaWords';

/** Grafana's shell around the view: options, states of the query, size. */
export function SummaryPanel(props: PanelProps<SummaryPanelOptions>) {
  const { width, height, timeZone, fieldConfig, id, replaceVariables } = props;
  // New data is drawn in slices between frames: scrolling and typing elsewhere do not wait for 200 tiles.
  const data = useDeferredValue(props.data);
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const [asked, setAsked] = useState<TileAction>();
  const mayAct = usePanelContext().canExecuteActions?.() ?? false;
  const options = useMemo(() => readOptions(props.options), [props.options]);
  const tiles = useMemo(
    () =>
      toTiles(data.series, {
        calculations: options.calculations,
        withSparkline: options.showSparkline,
        timeRange: data.timeRange,
        changeSince: options.changeSince,
        words: say,
        theme,
        timeZone,
        replaceVariables,
      }),
    [data.series, data.timeRange, options, theme, timeZone, replaceVariables]
  );
  const arrangement = useMemo(
    () => arrange(tiles, { sort: options.sort, hideHealthy: options.hideHealthy, limit: options.maxTiles }),
    [tiles, options]
  );
  if (tiles.length > 0) {
    return (
      <>
        <SummaryView
          {...arrangement}
          widthPx={width}
          heightPx={height}
          minTileWidthPx={options.minTileWidthPx}
          headingLevel={3}
          groupBy={options.groupBy}
          showLegend={options.showLegend}
          exportSource={options.showExport ? sourceOf(data) : undefined}
          words={say}
          timeZone={timeZone}
          onAction={mayAct ? setAsked : undefined}
        />
        {asked && (
          <ActionDialog
            asked={asked}
            replaceVariables={replaceVariables}
            words={say}
            onClose={() => setAsked(undefined)}
          />
        )}
      </>
    );
  }
  if (data.state === LoadingState.Loading || data.state === LoadingState.NotStarted) {
    return (
      <p className={styles.message} role="status">
        {say('loading')}
      </p>
    );
  }
  const failure = data.errors?.[0] ?? data.error;
  if (data.state === LoadingState.Error && failure) {
    return (
      <p className={styles.message} role="alert">
        {failure.message ?? say('queryFailed')}
      </p>
    );
  }
  const hasOtherFields = data.series.some(({ fields }) => fields.some(({ type }) => type !== FieldType.time));
  return <PanelDataErrorView panelId={id} fieldConfig={fieldConfig} data={data} needsNumberField={hasOtherFields} />;
}

/** Standard records name Prometheus as their source whichever datasource asked it; others are named by their type. */
function sourceOf({ request }: PanelData): string {
  const types = (request?.targets ?? []).flatMap(({ datasource }) => datasource?.type ?? []);
  const [type = 'unknown'] = types;
  return types.every((one) => /prometheus/.test(one)) && types.length > 0 ? 'prometheus' : type;
}

const getStyles = (theme: GrafanaTheme2) => ({
  message: css({ margin: 0, padding: theme.spacing(1), color: theme.colors.text.secondary }),
});
