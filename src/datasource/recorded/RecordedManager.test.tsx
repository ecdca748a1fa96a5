import { dateTimeFormat } from '@grafana/data';
import { type BackendSrvRequest } from '@grafana/runtime';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { installGrafanaHost } from '../../../tests/fakes/grafanaHost';
import { type RecordedQueriesAnswer, type RecordedQueryItem } from '../../contract/recordedQuery';
import { RecordedClient } from './recordedClient';
import { RecordedManager } from './RecordedManager';

const NOW_MS = Date.now();
const QUERY: RecordedQueryItem = {
  ...{ name: 'cpu', expression: 'sum(rate(node_cpu_seconds_total[1m]))', stepMs: 15_000, retention: '30d' },
  ...{ version: 1, revision: 4, provisioned: false, paused: false, coveredPoints: 999, missingPoints: 1, gapCount: 1 },
  ...{ createdAtMs: NOW_MS, createdBy: 'eva', updatedAtMs: NOW_MS, updatedBy: 'adam', newestMs: NOW_MS - 60_000 },
  gaps: [{ fromMs: NOW_MS - 90_000, toMs: NOW_MS - 90_000, points: 1, reason: 'source-down', detail: 'refused' }],
};
const amount = (queries: number, series: number, samplesPerDay: number) => ({ queries, series, samplesPerDay });
const ANSWER: RecordedQueriesAnswer = {
  queries: [
    QUERY,
    { ...QUERY, name: 'file', provisioned: true, paused: true, gaps: [], gapCount: 0, missingPoints: 0 },
  ],
  quota: {
    use: { source: amount(12, 3_400, 1_234_567), organisation: amount(95, 3_400, 1_234_567) },
    limits: { source: amount(100, 100_000, 300_000_000), organisation: amount(100, 300_000, 900_000_000) },
  },
  waiting: [],
  may: { edit: true, deleteData: true },
  archiver: 'serve pid 1',
  scrapeIntervalMs: 15_000,
};

/** What the backend answers to an action below the list's path; `undefined` is 404. */
type Respond = (action: string, body: unknown) => unknown;

async function open(answer: object = ANSWER, respond: Respond = () => ({ faults: {}, hints: [] })) {
  const sent: Array<[string, unknown]> = [];
  installGrafanaHost(({ url, method, data }: BackendSrvRequest) => {
    const action = url.split('recorded-queries').at(1) ?? '?';
    if (method === 'GET') {
      return answer;
    }
    sent.push([action, data]);
    return respond(action, data);
  });
  render(<RecordedManager client={new RecordedClient('u')} />);
  await waitFor(() => expect(screen.queryByText('Loading recorded queries…')).not.toBeInTheDocument());
  return { user: userEvent.setup({ delay: null }), sent };
}

const row = (name: string) => within(screen.getByText(name).closest('tr') ?? document.body);

it('shows what each query does, how complete it is and who changed it', async () => {
  const { user } = await open();
  expect(row('cpu').getByText('sum(rate(node_cpu_seconds_total[1m]))')).toBeInTheDocument();
  expect(row('cpu').getByText('Recording')).toBeInTheDocument();
  expect(row('cpu').getByText(/99\.9 %/)).toBeInTheDocument();
  expect(row('cpu').getByText('adam')).toBeInTheDocument();
  expect(row('file').getByText('Paused')).toBeInTheDocument();
  expect(row('file').getByText('100 %')).toBeInTheDocument();
  await user.click(row('cpu').getByRole('button', { name: 'Gaps: 1' }));
  expect(screen.getByText(/1 points, Prometheus did not answer/)).toBeInTheDocument();
});

it('shows what is taken of what there may be, and where there is little left', async () => {
  await open();
  const line = 'This source: 12 of 100 queries, 3,400 of 100,000 series, 1,234,567 of 300,000,000 samples a day';
  expect(screen.getByText(line)).toBeInTheDocument();
  expect(screen.getByText(/^All of the organisation: 95 of 100 queries, .*\(nearly full\)$/)).toBeInTheDocument();
});

it('leaves provisioned queries alone', async () => {
  await open();
  expect(row('file').getByText('Provisioned')).toBeInTheDocument();
  expect(row('file').queryAllByRole('button')).toEqual([]);
});

it('offers nothing to those who may not edit, and says why', async () => {
  await open({ ...ANSWER, may: { edit: false, deleteData: false, reason: 'it needs the role Editor or Admin' } });
  expect(screen.getByText('it needs the role Editor or Admin')).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Add recorded query' })).not.toBeInTheDocument();
  expect(screen.queryByRole('button', { name: /Edit|Pause|Delete/ })).not.toBeInTheDocument();
});

it('pauses and deletes by the revision that was shown, and asks before it deletes', async () => {
  const { user, sent } = await open();
  await user.click(screen.getByRole('button', { name: 'Pause cpu' }));
  await waitFor(() => expect(sent).toEqual([['/pause', { name: 'cpu', revision: 4 }]]));
  await user.click(await screen.findByRole('button', { name: 'Delete cpu' }));
  expect(sent).toHaveLength(1);
  await user.click(screen.getByRole('button', { name: 'Delete with its data' }));
  await waitFor(() => expect(sent[1]).toEqual(['/delete', { name: 'cpu', revision: 4, withData: true }]));
});

it('lets an Editor delete a query but not its data', async () => {
  const { user, sent } = await open({ ...ANSWER, may: { edit: true, deleteData: false } });
  await user.click(screen.getByRole('button', { name: 'Delete cpu' }));
  // Grafana's buttons stay focusable while a tooltip says why they do nothing.
  expect(screen.getByRole('button', { name: /Delete with its data|Deleting data/ })).toHaveAttribute('aria-disabled');
  await user.click(screen.getByRole('button', { name: 'Delete, keep the data' }));
  await waitFor(() => expect(sent[0]).toEqual(['/delete', { name: 'cpu', revision: 4, withData: false }]));
});

describe('what waits to be deleted', () => {
  const asked = { by: 'grafana:eva', askedAtMs: NOW_MS, atMs: NOW_MS + 7 * 86_400_000 };
  const waiting = [
    { what: 'retention', query: 'cpu', present: 'forever', wanted: '1d', samples: 1_234, ...asked },
    { what: 'data', query: 'gone', present: '1y', wanted: 'deleted', ...asked },
    { what: 'hourly_rollups', wanted: 'none', ...asked, by: 'config' },
  ];

  it('is shown with its date, its size and who asked, and taken back', async () => {
    const { user, sent } = await open({ ...ANSWER, waiting, may: { edit: true, deleteData: false } });
    const date = dateTimeFormat(asked.atMs);
    expect(
      screen.getByText(`cpu: kept for 1d instead of forever from ${date} on; asked by eva (about 1234 samples)`)
    ).toBeInTheDocument();
    expect(screen.getByText(`gone: deleted with its data on ${date}; asked by eva`)).toBeInTheDocument();
    expect(screen.getByText(/hourly_rollups.*asked by config/)).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: /now$/ })).not.toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Take back the deletion of gone' }));
    await waitFor(() => expect(sent).toEqual([['/take-back', { name: 'gone' }]]));
  });

  it('is carried out at once by an Admin', async () => {
    const { user, sent } = await open({ ...ANSWER, waiting });
    await user.click(screen.getByRole('button', { name: 'Delete what waits of cpu now' }));
    await waitFor(() => expect(sent).toEqual([['/carry-out', { name: 'cpu' }]]));
  });
});

it('checks a new query while it is typed: here at once, then by the backend', async () => {
  const { user, sent } = await open(ANSWER, (action, body) =>
    action === '/validate' && JSON.stringify(body).includes('end()')
      ? { faults: { expression: 'It cannot be recorded: it moves.' }, hints: [] }
      : { faults: {}, hints: ['2 series, 11,520 samples a day.'] }
  );
  await user.click(screen.getByRole('button', { name: 'Add recorded query' }));
  const save = screen.getByRole('button', { name: 'Record' });
  expect(save).toBeDisabled();
  await user.type(screen.getByLabelText(/^Name/), '1x');
  expect(screen.getByText(/no digit first/)).toBeInTheDocument();
  await user.clear(screen.getByLabelText(/^Name/));
  await user.type(screen.getByLabelText(/^Name/), 'mine');
  await user.click(screen.getByLabelText(/^Expression/));
  await user.paste('up @ end()');
  expect(await screen.findByText('It cannot be recorded: it moves.')).toBeInTheDocument();
  expect(save).toBeDisabled();
  await user.clear(screen.getByLabelText(/^Expression/));
  await user.paste('up');
  expect(await screen.findByText('2 series, 11,520 samples a day.')).toBeInTheDocument();
  await user.click(save);
  const definition = { name: 'mine', expression: 'up', stepMs: 15_000, retention: '1y' };
  await waitFor(() => expect(sent.at(-1)).toEqual(['', definition]));
  expect(await screen.findByRole('table')).toBeInTheDocument();
});

it('says that another expression begins a new version, and keeps what was typed when it is refused', async () => {
  const { user } = await open(ANSWER, (action) => (action === '/update' ? undefined : { faults: {}, hints: [] }));
  await user.click(screen.getByRole('button', { name: 'Edit cpu' }));
  expect(screen.getByLabelText(/^Name/)).toBeDisabled();
  await user.clear(screen.getByLabelText(/^Step/));
  await user.type(screen.getByLabelText(/^Step/), '1m');
  expect(screen.getByText(/starts a new version/)).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Save changes' }));
  expect(await screen.findByText('It was not saved')).toBeInTheDocument();
  expect(screen.getByText('not found')).toBeInTheDocument();
  expect(screen.getByLabelText(/^Step/)).toHaveValue('1m');
});

it('says what went wrong instead of showing half an answer', async () => {
  await open({ ...ANSWER, queries: [{ name: 5 }], may: { edit: true, deleteData: true }, scrapeIntervalMs: 15_000 });
  expect(screen.getByText(/The answer's .* is missing or of another form/)).toBeInTheDocument();
});

describe('raw series', () => {
  const raw = { ...QUERY, name: 'node', expression: '{job="node"}\nup', stepMs: 60_000, raw: true };

  it('stand beside recorded queries, marked, with no step', async () => {
    await open({ ...ANSWER, queries: [QUERY, raw] });
    expect(row('node').getByText('Raw series')).toBeInTheDocument();
    expect(row('node').getByText('as scraped')).toBeInTheDocument();
    expect(row('cpu').queryByText('Raw series')).not.toBeInTheDocument();
  });

  it('are made of selectors, checked and previewed as queries are', async () => {
    const preview = '1,200 series, 6,912,000 samples a day, about 2.5 GB a year.';
    const { user, sent } = await open(ANSWER, () => ({ faults: {}, hints: [preview] }));
    await user.click(screen.getByRole('button', { name: 'Add raw series' }));
    const form = within(screen.getByRole('form', { name: 'Add raw series' }));
    expect(form.queryByLabelText(/^Step/)).not.toBeInTheDocument();
    await user.type(form.getByLabelText(/^Name/), 'node');
    await user.click(form.getByLabelText(/^Series selectors/));
    await user.paste('{job="node"}\nup');
    expect(await form.findByText(preview)).toBeInTheDocument();
    await user.click(form.getByRole('button', { name: 'Record' }));
    const definition = { name: 'node', expression: '{job="node"}\nup', stepMs: 60_000, retention: '1y', raw: true };
    await waitFor(() => expect(sent.at(-1)).toEqual(['', definition]));
  });
});
