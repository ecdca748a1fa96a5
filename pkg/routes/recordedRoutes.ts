import * as v from 'valibot';
import { RECORDED_QUERIES_RESOURCE, RESOURCE_PREFIX } from '../../src/contract/resourcePaths';
import { type ApiRoute } from '../core/ports/apiRoute';
import { type DefinitionManager } from '../core/manage/manageDefinitions';
import { route, type RouteDeclaration } from './route';

const PATH = RECORDED_QUERIES_RESOURCE.slice(RESOURCE_PREFIX.length - 1);

const TEXT = v.string('must be a text');
const TRIMMED = v.pipe(TEXT, v.trim());
const WHOLE = v.pipe(v.number('must be a whole number'), v.safeInteger('must be a whole number'));
const FLAG = v.boolean('must be true or false');

const DEFINITION = { name: TRIMMED, expression: TRIMMED, stepMs: WHOLE, retention: TRIMMED, raw: v.optional(FLAG) };
const TARGET = { name: TEXT, revision: WHOLE };

/**
 * `GET /api/recorded-queries` lists, with what the caller may do; `POST` there makes one, and below it `update`, `pause`,
 * `resume`, `delete`, `validate`, and for deletions that wait `take-back` and `carry-out`. Bodies are JSON objects; unknown keys
 * are errors. An edit names the `revision` it was made from, and gets 409 when there is a newer one. A refused definition gets
 * 400 with `faults` by field.
 */
export function createRecordedRoutes(queries: DefinitionManager): ApiRoute[] {
  const post = <T extends v.ObjectEntries>(path: string, takes: T, answer: RouteDeclaration<T>['answer']): ApiRoute =>
    route({ method: 'POST', path: `${PATH}${path}`, takes, answer });
  return [
    route({ method: 'GET', path: PATH, takes: {}, answer: (_, { caller }) => queries.list(caller) }),
    post('', DEFINITION, (definition, { caller, signal }) => queries.create(definition, caller, signal)),
    post('/validate', { ...DEFINITION, revision: v.optional(WHOLE) }, ({ revision, ...definition }, request) =>
      queries.validate(definition, revision, request.caller, request.signal)
    ),
    post('/update', { ...DEFINITION, ...TARGET }, ({ name, revision, raw: _raw, ...change }, { caller, signal }) =>
      queries.update({ name, revision }, change, caller, signal)
    ),
    ...(['pause', 'resume'] as const).map((action) =>
      post(`/${action}`, TARGET, (target, { caller }) => queries.setPaused(target, action === 'pause', caller))
    ),
    post('/delete', { ...TARGET, withData: FLAG }, async ({ withData, ...target }, { caller }) => {
      await queries.remove(target, withData, caller);
      // The data is still there, for as long as it can be taken back.
      return { done: !withData };
    }),
    post('/take-back', { name: TEXT }, async ({ name }, { caller }) => {
      await queries.takeBack(name, caller);
      return {};
    }),
    post('/carry-out', { name: TEXT }, async ({ name }, { caller, signal }) => ({
      done: await queries.carryOut(name, caller, signal),
    })),
  ];
}
