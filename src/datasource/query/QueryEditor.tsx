import { CoreApp } from '@grafana/data';
import { PromQueryEditorByApp } from '@grafana/prometheus';
import { InlineField, RadioButtonGroup, Space } from '@grafana/ui';
import { useEffect } from 'react';
import { SUMMARY_QUERY_TYPE } from '../../contract/query';
import { isSummaryQuery } from './ownQuery';
import { PromqlOptions } from './PromqlOptions';
import { changeAndRun, type PromkeepQueryEditorProps } from './queryEditorProps';
import { ReadFromFields } from './ReadFromFields';
import { SummaryQueryFields } from './SummaryQueryFields';
import { say } from '../texts';

const PROMQL = 'promql';
const queryTypes = () => [
  { value: PROMQL, label: say('editor.promql'), description: say('editor.promqlHint') },
  { value: SUMMARY_QUERY_TYPE, label: say('editor.summary'), description: say('editor.summaryHint') },
];

/** Grafana's own Prometheus editors, and around them what Promkeep adds. */
export function QueryEditor(props: PromkeepQueryEditorProps) {
  const { query, app } = props;
  const change = changeAndRun(props);
  useInstantInNewAlertRule(props);
  useHints(props);
  const summary = isSummaryQuery(query);
  const changeType = (queryType: string) =>
    change({ expr: query.expr ?? '', queryType: queryType === PROMQL ? undefined : queryType });
  return (
    <>
      <InlineField label={say('editor.queryType')}>
        <RadioButtonGroup options={queryTypes()} value={summary ? SUMMARY_QUERY_TYPE : PROMQL} onChange={changeType} />
      </InlineField>
      {summary ? <SummaryQueryFields {...props} /> : <PromQueryEditorByApp {...props} />}
      {!summary && (
        <>
          <Space v={0.5} />
          {app === CoreApp.UnifiedAlerting ? <ReadFromFields {...props} /> : <PromqlOptions {...props} />}
        </>
      )}
    </>
  );
}

/**
 * For its own ids Grafana starts the query of a new alert rule as instant; for ours it leaves `instant` undefined over the
 * `range: false` of our default query, which the library shows and the backend runs as range.
 */
function useInstantInNewAlertRule({ app, query, onChange }: PromkeepQueryEditorProps) {
  const undecided = app === CoreApp.UnifiedAlerting && query.instant === undefined && !query.range;
  useEffect(() => {
    if (undecided) {
      onChange({ ...query, instant: true, range: false });
    }
  }, [undecided, query, onChange]);
}

/** Explore has called `init` by itself; elsewhere the hints about recording rules would never appear. */
function useHints({ app, datasource }: PromkeepQueryEditorProps) {
  useEffect(() => {
    if (app !== CoreApp.Explore) {
      void datasource.initOnce();
    }
  }, [app, datasource]);
}
