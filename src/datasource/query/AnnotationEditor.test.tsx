import { type AnnotationQuery } from '@grafana/data';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { installGrafanaHost, instanceSettings } from '../../../tests/fakes/grafanaHost';
import { AnnotatedDatasource } from './annotatedDatasource';
import { type PromkeepPromQuery } from './promkeepPromQuery';

/** The code editor needs Monaco, which Grafana brings at run time. */
jest.mock('monaco-editor', () => ({ editor: { defineTheme: () => undefined } }), { virtual: true });
jest.mock('@monaco-editor/react', () => ({
  __esModule: true,
  default: () => null,
  loader: { config: () => undefined },
}));

/** The editor as Grafana's annotation settings draw it: the datasource brings it, the query is the annotation's target. */
async function open() {
  installGrafanaHost(() => ({ status: 'success', data: [] }));
  const datasource = new AnnotatedDatasource(instanceSettings({ archiveEnabled: true }));
  const Library = datasource.annotations?.QueryEditor;
  if (!Library) {
    throw new Error('There is no editor for annotations.');
  }
  const saved: AnnotationQuery<PromkeepPromQuery> = {
    name: 'deployments',
    enable: true,
    iconColor: 'red',
    target: { refId: 'Anno', expr: 'up' },
  };
  let latest = saved;
  function Editor() {
    const [annotation, setAnnotation] = useState(saved);
    latest = annotation;
    const query = annotation.target ?? { refId: 'Anno', expr: '' };
    return Library ? (
      <Library
        {...{ datasource, query, annotation, onAnnotationChange: setAnnotation, onRunQuery: () => undefined }}
        onChange={(target: PromkeepPromQuery) => setAnnotation({ ...annotation, target })}
      />
    ) : null;
  }
  await act(async () => render(<Editor />));
  return { user: userEvent.setup({ delay: null }), current: () => latest, datasource };
}

it('has the fields of the library and below them where to read from', async () => {
  const { user, current, datasource } = await open();
  expect(await screen.findByText('Series value as timestamp')).toBeInTheDocument();
  await user.click(screen.getByLabelText('Both'));
  await user.type(screen.getByLabelText('Recorded query'), 'up');
  expect(current().target).toEqual({ refId: 'Anno', expr: 'up', readFrom: 'both', recordedQuery: 'up' });
  // what Grafana makes of the saved annotation before it asks
  expect(datasource.annotations?.prepareAnnotation?.(current())?.target).toMatchObject({
    readFrom: 'both',
    recordedQuery: 'up',
  });
});
