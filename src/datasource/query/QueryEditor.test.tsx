import { CoreApp } from '@grafana/data';
import { act, cleanup, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { DATASOURCE_UID, installGrafanaHost, instanceSettings } from '../../../tests/fakes/grafanaHost';
import { DATASOURCE_PLUGIN_ID } from '../../contract/pluginIds';
import { PromkeepDatasource } from '../promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery } from './promkeepPromQuery';
import { QueryEditor } from './QueryEditor';

/** In the builder: the code editor needs Monaco, which Grafana brings at run time. */
const saved: object = {
  refId: 'A',
  expr: 'up',
  range: true,
  editorMode: 'builder',
  datasource: { type: DATASOURCE_PLUGIN_ID, uid: DATASOURCE_UID },
};
const query = saved as PromkeepPromQuery;
const METRICS = {
  metrics: [
    { key: 'cpu_usage', displayName: 'CPU usage' },
    { key: 'memory_usage', displayName: 'Memory usage' },
  ],
};
const KEEP_ALLOWED = { archiveEnabled: true, archiveAllowKeep: true };

beforeEach(() => {
  // The list of a Combobox draws only the rows that fit into its box, and in jsdom every box is empty.
  jest.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(120);
  jest.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(120);
});

interface Opened {
  initial?: PromkeepPromQuery;
  jsonData?: PromkeepOptions;
  app?: CoreApp;
  metricsMissing?: boolean;
}

/** The editor with the state Grafana keeps for it. */
async function open({ initial = query, jsonData, app = CoreApp.PanelEditor, metricsMissing = false }: Opened = {}) {
  installGrafanaHost(({ url }) =>
    url.includes('promkeep/api/summary/metrics')
      ? metricsMissing
        ? undefined
        : METRICS
      : { status: 'success', data: ['instance', 'job'] }
  );
  const datasource = new PromkeepDatasource(instanceSettings(jsonData));
  const onRunQuery = jest.fn();
  let latest = initial;
  function Editor() {
    const [current, setCurrent] = useState(initial);
    latest = current;
    return <QueryEditor {...{ app, datasource, query: current, onChange: setCurrent, onRunQuery }} />;
  }
  await act(async () => render(<Editor />));
  return { user: userEvent.setup({ delay: null }), current: () => latest, onRunQuery };
}

describe('a PromQL query', () => {
  it('has the library editor and our options below it', async () => {
    await open();
    expect(screen.getByText('Run queries')).toBeInTheDocument();
    expect(screen.getByLabelText('Prometheus series')).toBeChecked();
  });

  it('writes the format and runs', async () => {
    const { user, current, onRunQuery } = await open();
    await user.click(screen.getByLabelText('Standard records'));
    expect(current()).toEqual({ ...query, resultFormat: 'standard' });
    expect(onRunQuery).toHaveBeenCalledTimes(1);
    await user.click(screen.getByLabelText('Prometheus series'));
    expect(current().resultFormat).toBe('series');
  });

  it('is not live unless asked for, and writes that', async () => {
    const { user, current } = await open();
    expect(screen.getByLabelText('Live')).not.toBeChecked();
    await user.click(screen.getByLabelText('Live'));
    expect(current()).toEqual({ ...query, live: true });
  });

  it('writes where to read from, and the name of a recorded query', async () => {
    const { user, current, onRunQuery } = await open({ jsonData: { archiveEnabled: true } });
    expect(screen.queryByLabelText('Recorded query')).not.toBeInTheDocument();
    await user.click(screen.getByLabelText('Both'));
    expect(current().readFrom).toBe('both');
    await user.type(screen.getByLabelText('Recorded query'), 'cpu');
    await user.tab();
    expect(current().recordedQuery).toBe('cpu');
    expect(onRunQuery).toHaveBeenCalledTimes(2);
    await user.click(screen.getByLabelText('Prometheus'));
    expect(current().readFrom).toBeUndefined();
  });

  it('writes an aggregate where the archive is read, and takes it back', async () => {
    const { user, current, onRunQuery } = await open({ jsonData: { archiveEnabled: true } });
    expect(screen.queryByLabelText('Aggregate')).not.toBeInTheDocument();
    await user.click(screen.getByLabelText('Archive'));
    await user.click(screen.getByLabelText('Aggregate'));
    await user.click(await screen.findByText('Highest'));
    expect(current()).toEqual({ ...query, readFrom: 'archive', aggregate: 'max' });
    expect(onRunQuery).toHaveBeenCalledTimes(2);
    await user.click(screen.getByTitle('Clear value'));
    expect(current().aggregate).toBeUndefined();
  });

  it('shows no aggregate for the saved word none', async () => {
    await open({ initial: { ...query, readFrom: 'archive', aggregate: 'none' }, jsonData: { archiveEnabled: true } });
    expect(screen.getByLabelText('Aggregate')).toHaveValue('');
    expect(screen.getByLabelText('Aggregate')).toHaveAttribute('placeholder', 'none: samples');
  });

  it('offers the archive only where there is one, also in alert rules, and lets an old choice be taken back', async () => {
    await open();
    expect(screen.getByLabelText('Archive')).toBeDisabled();
    cleanup();
    await open({ jsonData: { archiveEnabled: true }, app: CoreApp.UnifiedAlerting });
    expect(screen.getByLabelText('Archive')).toBeEnabled();
    cleanup();
    await open({ initial: { ...query, readFrom: 'archive' } });
    expect(screen.getByLabelText('Archive')).toBeChecked();
    expect(screen.getByLabelText('Both')).toBeDisabled();
  });

  it('writes keep where an Admin allowed it', async () => {
    const { user, current } = await open({ jsonData: KEEP_ALLOWED });
    await user.click(screen.getByLabelText('Keep in archive'));
    expect(current().keep).toBe(true);
  });

  it.each([
    ['nothing is configured', {}],
    ['the archive is off', { archiveAllowKeep: true }],
    ['keeping is not allowed', { archiveEnabled: true }],
  ])('cannot be kept when %s', async (_, jsonData) => {
    await open({ jsonData });
    expect(screen.getByLabelText('Keep in archive')).toBeDisabled();
  });

  it('says why it cannot be kept', async () => {
    const { user } = await open();
    await user.hover(within(screen.getByText('Keep in archive')).getByTestId('icon-info-circle'));
    expect(await screen.findByText(/Keeping is off for this datasource/)).toBeInTheDocument();
  });

  it('can be switched off where the permission was taken back', async () => {
    const { user, current } = await open({ initial: { ...query, keep: true } });
    await user.click(screen.getByLabelText('Keep in archive'));
    expect(current().keep).toBe(false);
  });

  it('has no such options in an alert rule, where the backend ignores them', async () => {
    await open({ app: CoreApp.UnifiedAlerting, initial: { ...query, instant: true, range: false } });
    expect(screen.queryByLabelText('Standard records')).not.toBeInTheDocument();
    expect(screen.queryByLabelText('Keep in archive')).not.toBeInTheDocument();
  });
});

describe('a new alert rule', () => {
  it.each([
    ['as Grafana opens the form', { range: false, instant: undefined }],
    ['without any flag', {}],
  ])('starts as an instant query, %s', async (_, flags) => {
    const { current } = await open({ app: CoreApp.UnifiedAlerting, initial: { refId: 'A', expr: '', ...flags } });
    expect(current()).toMatchObject({ instant: true, range: false });
  });

  it('keeps what a saved rule says', async () => {
    const initial = { ...query, range: true, instant: false };
    const { current } = await open({ app: CoreApp.UnifiedAlerting, initial });
    expect(current()).toEqual(initial);
  });
});

describe('a summary query', () => {
  const summary: PromkeepPromQuery = { ...query, queryType: 'summary' };

  it('is chosen beside PromQL and gives the expression back when the choice is undone', async () => {
    const { user, current } = await open();
    await user.click(screen.getByLabelText('Summary'));
    expect(current().queryType).toBe('summary');
    expect(screen.queryByText('Run queries')).not.toBeInTheDocument();
    await user.click(screen.getByLabelText('PromQL'));
    expect(current()).toEqual({ ...query, queryType: undefined });
  });

  it('offers the metrics the backend defines', async () => {
    const { user, current } = await open({ initial: summary });
    await user.click(screen.getByLabelText('Metrics'));
    await user.click(await screen.findByText('Memory usage'));
    expect(current().summary).toEqual({ metrics: ['memory_usage'] });
  });

  it('offers the labels of Prometheus to group by', async () => {
    const { user, current } = await open({ initial: { ...summary, summary: { metrics: ['cpu_usage'] } } });
    await user.click(screen.getByLabelText('Group by'));
    await user.click(await screen.findByText('instance'));
    expect(current().summary).toEqual({ metrics: ['cpu_usage'], groupBy: 'instance' });
  });

  it('keeps a saved metric selectable and says so when the list cannot be loaded', async () => {
    await open({ initial: { ...summary, summary: { metrics: ['gone'] } }, metricsMissing: true });
    expect(await screen.findByText('The list of summary metrics could not be loaded.')).toBeInTheDocument();
    expect(screen.getByText('not found')).toBeInTheDocument();
    expect(screen.getByText('gone')).toBeInTheDocument();
  });
});
