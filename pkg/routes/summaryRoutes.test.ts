import { clock } from '../../tests/fakes/callers';
import { ScriptedSource } from '../../tests/fakes/scriptedSource';
import { PromkeepError } from '../core/model/errors';
import { SUMMARY_DEFAULTS } from '../core/summary/summaryDefaults';
import { createSummaryReader } from './summaryRoutes';

const call = { signal: new AbortController().signal };
const read = (source: ScriptedSource) =>
  createSummaryReader({ source, clock, scrapeInterval: '' }, SUMMARY_DEFAULTS).readFrames(900_000, call);

it('is an error, not four times the same reason, when Prometheus is gone', async () => {
  const source = new ScriptedSource();
  source.down = new PromkeepError('SOURCE_UNREACHABLE', 'cannot reach it');
  await expect(read(source)).rejects.toThrow('cannot reach it');
  source.down = new PromkeepError('SOURCE_TIMEOUT', 'too slow');
  await expect(read(source)).rejects.toThrow('too slow');
});

it('says of one query that it failed', async () => {
  const source = new ScriptedSource();
  source.answer = ({ expr }) => {
    if (expr.includes('node_cpu')) {
      throw new PromkeepError('SOURCE_TIMEOUT', 'too slow');
    }
    return undefined;
  };
  expect(await read(source)).toHaveLength(4);
  source.answer = () => {
    throw new PromkeepError('SOURCE_REFUSED', 'no such function');
  };
  expect(await read(source)).toHaveLength(4);
});
