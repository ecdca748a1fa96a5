import { ActionType, FieldType, HttpRequestMethod, type Action, type ScopedVars } from '@grafana/data';
import { actionsOf, fillAction } from './actions';
import { listNumericSeries } from '../data/numericSeries';
import { timeFrame } from '../data/testFrames';

const restart: Action = {
  type: ActionType.Fetch,
  title: 'Restart ${__field.labels.instance}',
  confirmation: 'Restart at $when?',
  variables: [{ key: 'when', name: 'When', type: 'string' as never }],
  fetch: {
    method: HttpRequestMethod.POST,
    url: 'https://ops.example/restart',
    body: '{"at":"$when"}',
    queryParams: [['host', '${__field.labels.instance}']],
    headers: [['X-Who', 'me']],
  },
};

function seriesWith(actions: Action[]) {
  const field = {
    name: 'v',
    type: FieldType.number,
    values: [1, 2],
    labels: { instance: 'web-1' },
    config: { actions },
  };
  return listNumericSeries([timeFrame([field])])[0];
}

/** Grafana's own needs its template service; this one knows labels by the data context it is given. */
const replace = (text: string, scope?: ScopedVars): string =>
  text.replace(/\$\{__field\.labels\.(\w+)\}/g, (_, name: string) =>
    String(scope?.__dataContext?.value.field.labels?.[name])
  );

it('offers the requests of the field with the labels of its series, and no action of another kind', () => {
  const actions = actionsOf(seriesWith([restart, { type: ActionType.Infinity, title: 'Other' }]), replace);
  expect(actions?.map(({ title }) => title)).toEqual(['Restart web-1']);
  expect(actionsOf(seriesWith([]))).toBeUndefined();
});

it('fills address, body and confirmation with what the user typed and with the series', () => {
  const [action] = actionsOf(seriesWith([restart]), replace) ?? [];
  expect(fillAction(action, { when: 'noon' }, replace)).toEqual({
    title: 'Restart web-1',
    confirmation: 'Restart at noon?',
    request: {
      url: 'https://ops.example/restart?host=web-1',
      method: 'POST',
      data: '{"at":"noon"}',
      headers: { 'X-Who': 'me', 'X-Grafana-Action': '1' },
    },
  });
});

it('hands the row of the last value to what fills the variables', () => {
  const [{ scope }] = actionsOf(seriesWith([restart])) ?? [];
  expect(scope.__dataContext?.value.rowIndex).toBe(1);
});

it('sends nothing to an address that is none', () => {
  const action = { ...restart, fetch: { method: HttpRequestMethod.GET, url: 'javascript:alert(1)' } };
  const [found] = actionsOf(seriesWith([action])) ?? [];
  expect(fillAction(found, {}, replace).request).toMatchObject({ url: 'about:blank', method: 'GET' });
});
