import { editor } from '../../tests/fakes/callers';
import { ScriptedSource } from '../../tests/fakes/scriptedSource';
import { PromkeepError } from '../core/model/errors';
import { addressOf, createAboutRoute } from './aboutRoute';

const archive = { address: 'db:5432/promkeep', source: 'default' };

it('says which Prometheus and which archive it is, also while the first does not answer', async () => {
  const source = new ScriptedSource();
  const route = createAboutRoute({ source, address: 'prom:9090', archive });
  const ask = () =>
    route.handle({ query: new URLSearchParams(), caller: editor, signal: new AbortController().signal });
  const prometheus = { application: 'Prometheus', version: '2.42.0', address: 'prom:9090' };
  expect(await ask()).toEqual({ status: 200, body: { prometheus, archive } });
  source.down = new PromkeepError('SOURCE_UNREACHABLE', 'gone');
  expect((await ask()).body).toEqual({ prometheus: { ...prometheus, version: undefined }, archive });
});

it('leaves credentials and queries out of addresses', () => {
  expect(addressOf('https://user:secret@prom.example:9443/tenant/a?token=secret#x')).toBe('prom.example:9443/tenant/a');
  expect(addressOf('http://127.0.0.1:9090')).toBe('127.0.0.1:9090');
});
