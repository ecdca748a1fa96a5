import { config } from '@grafana/runtime';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { installGrafanaHost, instanceSettings } from '../../../tests/fakes/grafanaHost';
import { RECORDING_LIMITS } from '../../contract/settings';
import { PromkeepDatasource } from '../promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery } from '../query/promkeepPromQuery';
import { RecordQueryAction } from './RecordQueryAction';

const ALLOWED = { archiveEnabled: true, archiveAllowRecording: true, timeInterval: '5s' };
const QUOTA = { use: RECORDING_LIMITS, limits: RECORDING_LIMITS };
const EMPTY_LIST = {
  ...{ queries: [], waiting: [], quota: QUOTA },
  may: { edit: true, deleteData: false },
  scrapeIntervalMs: 5_000,
};

function open(jsonData: PromkeepOptions, query: Partial<PromkeepPromQuery> = { expr: 'rate(a[$__rate_interval])' }) {
  const sent: unknown[] = [];
  installGrafanaHost(({ url, method, data }) => {
    if (method === 'POST' && url.endsWith('/recorded-queries')) {
      sent.push(data);
    }
    return method === 'GET' ? EMPTY_LIST : { faults: {}, hints: [] };
  });
  const datasource = new PromkeepDatasource(instanceSettings(jsonData));
  render(<RecordQueryAction query={{ refId: 'A', expr: '', ...query }} datasource={datasource} />);
  return { user: userEvent.setup({ delay: null }), sent, button: screen.getByRole('button') };
}

function setRole(role: string): void {
  Object.assign(config, { bootData: { user: { orgRole: role } } });
}

describe('Record this query', () => {
  beforeEach(() => setRole('Editor'));

  it('offers the query as it stands, makes it, and shows all of them', async () => {
    const { user, sent, button } = open(ALLOWED);
    await user.click(button);
    expect(screen.getByLabelText(/^Expression/)).toHaveValue('rate(a[20s])');
    expect(screen.getByLabelText(/^Step/)).toHaveValue('5s');
    expect(screen.getByText(/Variables were replaced/)).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Record' }));
    expect(await screen.findByText('rate_a_20s is recorded from now on')).toBeInTheDocument();
    expect(sent).toEqual([{ name: 'rate_a_20s', expression: 'rate(a[20s])', stepMs: 5_000, retention: '1y' }]);
    await waitFor(() => expect(screen.getByText('There are no recorded queries yet.')).toBeInTheDocument());
  });

  it.each<[string, PromkeepOptions, string, RegExp]>([
    ['nobody allowed it', { archiveEnabled: true }, 'Editor', /off for this datasource/],
    ['the archive is off', { archiveAllowRecording: true }, 'Editor', /off for this datasource/],
    [
      'users’ own credentials are forwarded',
      { ...ALLOWED, oauthPassThru: true } as PromkeepOptions,
      'Admin',
      /credentials/,
    ],
    ['a Viewer looks', ALLOWED, 'Viewer', /Editor or Admin/],
  ])('is disabled with the reason when %s', async (_, jsonData, role, reason) => {
    setRole(role);
    const { user, button } = open(jsonData);
    expect(button).toHaveAttribute('aria-disabled', 'true');
    await user.hover(button);
    expect(await screen.findByText(reason)).toBeInTheDocument();
    await user.click(button);
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  it('waits for an expression', () => {
    expect(open(ALLOWED, { expr: '' }).button).toHaveAttribute('aria-disabled', 'true');
  });
});
