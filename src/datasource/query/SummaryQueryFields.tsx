import { getDefaultTimeRange } from '@grafana/data';
import { Alert, Combobox, type ComboboxOption, InlineField, InlineFieldRow, MultiCombobox } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { isRecord, wordsIn } from '../../contract/lenient';
import { COMPARISONS, type SummaryComparison, type SummaryQueryOptions } from '../../contract/query';
import { changeAndRun, type PromkeepQueryEditorProps, type QueryFieldsProps } from './queryEditorProps';
import { type SummaryMetricChoice } from './summaryMetrics';
import { say, sayMetric } from '../texts';

type Props = QueryFieldsProps & Pick<PromkeepQueryEditorProps, 'range'>;

/** Which of the summary metrics to show, and by which label to split them. */
export function SummaryQueryFields(props: Props) {
  const { query, datasource, range } = props;
  const { metrics, failure } = useSummaryMetrics(datasource);
  const summary = query.summary ?? {};
  const change = (changed: SummaryQueryOptions) =>
    changeAndRun(props)({ expr: query.expr ?? '', summary: { ...summary, ...changed } });
  const loadLabels = async (search: string): Promise<Array<ComboboxOption<string>>> => {
    const labels = await datasource.languageProvider.queryLabelKeys(range ?? getDefaultTimeRange());
    return labels
      .filter((label) => label !== '__name__' && label.includes(search))
      .map((label) => ({ value: label, label }));
  };
  return (
    <>
      <InlineFieldRow>
        <InlineField label={say('summary.metrics')} htmlFor={`summary-metrics-${query.refId}`}>
          <MultiCombobox
            id={`summary-metrics-${query.refId}`}
            width="auto"
            minWidth={40}
            placeholder={say('summary.allMetrics')}
            options={toOptions(metrics, summary.metrics)}
            value={summary.metrics ?? []}
            onChange={(chosen) => change({ metrics: chosen.map(({ value }) => value) })}
          />
        </InlineField>
        <InlineField
          label={say('summary.groupBy')}
          htmlFor={`summary-group-${query.refId}`}
          tooltip={say('summary.groupByHint')}
        >
          <Combobox
            id={`summary-group-${query.refId}`}
            width="auto"
            minWidth={24}
            placeholder={say('summary.nothing')}
            isClearable
            createCustomValue
            options={loadLabels}
            value={summary.groupBy ?? null}
            onChange={(chosen) => change({ groupBy: chosen?.value })}
          />
        </InlineField>
        <InlineField
          label={say('summary.compare')}
          htmlFor={`summary-compare-${query.refId}`}
          tooltip={say('summary.compareHint')}
        >
          <Combobox
            id={`summary-compare-${query.refId}`}
            width="auto"
            minWidth={18}
            placeholder={say('summary.nothing')}
            isClearable
            options={COMPARISONS.map((value): ComboboxOption<SummaryComparison> => ({
              value,
              label: say(`summary.${value}`),
            }))}
            value={summary.compare ?? null}
            onChange={(chosen) => change({ compare: chosen?.value })}
          />
        </InlineField>
      </InlineFieldRow>
      {failure && (
        <Alert severity="warning" title={say('summary.listFailed')}>
          {failure}
        </Alert>
      )}
    </>
  );
}

/** A saved key stays selectable, even when the backend does not define it (any more) or the list could not be loaded. */
function toOptions(metrics: SummaryMetricChoice[], saved: string[] = []): Array<ComboboxOption<string>> {
  const known = metrics.map(({ key, displayName }) => ({
    value: key,
    label: sayMetric(key, displayName),
    description: key,
  }));
  const unknown = saved.filter((key) => !metrics.some((metric) => metric.key === key));
  return [...known, ...unknown.map((key) => ({ value: key, label: key }))];
}

function useSummaryMetrics(datasource: Props['datasource']) {
  const [state, setState] = useState<{ metrics: SummaryMetricChoice[]; failure?: string }>({ metrics: [] });
  useEffect(() => {
    let wanted = true;
    const show = (next: typeof state) => wanted && setState(next);
    datasource.getSummaryMetrics().then(
      (metrics) => show({ metrics }),
      (error: unknown) => show({ metrics: [], failure: describeError(error) })
    );
    return () => {
      wanted = false;
    };
  }, [datasource]);
  return state;
}

/** Grafana rejects with a response object, not with an `Error`; its text lies in `data.message`. */
function describeError(error: unknown): string {
  if (error instanceof Error) {
    return error.message;
  }
  return wordsIn(isRecord(error) ? error.data : undefined, 'message') ?? say('summary.noReason');
}
