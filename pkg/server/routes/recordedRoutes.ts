import { RECORDED_QUERIES_RESOURCE, RESOURCE_PREFIX } from '../../../src/contract/resourcePaths';
import { type RecordedDefinition } from '../../../src/contract/recordedQuery';
import { type ApiRequest, type ApiResponse, type ApiRoute } from '../../core/api';
import { PromkeepError } from '../../core/errors';
import { type EditTarget, RecordedRefusal, type RecordedQueries } from '../../core/recordedQueries';
import { invalid, Parameters } from './parameters';

const PATH = RECORDED_QUERIES_RESOURCE.slice(RESOURCE_PREFIX.length - 1);

/**
 * `GET /api/recorded-queries` lists, with what the caller may do; `POST` there makes one, and below it `update`, `pause`,
 * `resume`, `delete`, `validate`, and for deletions that wait `take-back` and `carry-out`. Bodies are JSON objects; unknown keys are errors. An edit names the `revision` it was
 * made from, and gets 409 when there is a newer one. A refused definition gets 400 with `faults` by field.
 */
export function createRecordedRoutes(queries: RecordedQueries): ApiRoute[] {
  const post = (path: string, handle: (body: Body, request: ApiRequest) => Promise<unknown>): ApiRoute => ({
    method: 'POST',
    path: `${PATH}${path}`,
    handle: (request) => answer(() => handle(new Body(request.body), request)),
  });
  return [
    {
      method: 'GET',
      path: PATH,
      async handle({ query, caller }) {
        new Parameters(query, []);
        return { status: 200, body: await queries.list(caller) };
      },
    },
    post('', (body, { caller, signal }) => queries.create(definitionIn(body), caller, signal)),
    post('/validate', (body, { caller, signal }) => {
      const revision = body.has('revision') ? body.integer('revision') : undefined;
      return queries.validate(definitionIn(body, ['revision']), revision, caller, signal);
    }),
    post('/update', (body, { caller, signal }) => {
      const { name: _, ...change } = definitionIn(body, ['revision']);
      return queries.update(targetIn(body), change, caller, signal);
    }),
    ...(['pause', 'resume'] as const).map((action) =>
      post(`/${action}`, (body, { caller }) => {
        body.allowOnly(['name', 'revision']);
        return queries.setPaused(targetIn(body), action === 'pause', caller);
      })
    ),
    post('/delete', async (body, { caller }) => {
      body.allowOnly(['name', 'revision', 'withData']);
      const withData = body.flag('withData');
      await queries.remove(targetIn(body), withData, caller);
      // The data is still there, for as long as it can be taken back.
      return { done: !withData };
    }),
    post('/take-back', async (body, { caller }) => {
      body.allowOnly(['name']);
      await queries.takeBack(body.text('name'), caller);
      return {};
    }),
    post('/carry-out', async (body, { caller, signal }) => {
      body.allowOnly(['name']);
      return { done: await queries.carryOut(body.text('name'), caller, signal) };
    }),
  ];
}

async function answer(work: () => Promise<unknown>): Promise<ApiResponse> {
  try {
    return { status: 200, body: await work() };
  } catch (error) {
    if (error instanceof RecordedRefusal) {
      return { status: error.status, body: { error: error.message, code: error.code, faults: error.faults } };
    }
    throw error;
  }
}

function definitionIn(body: Body, others: readonly string[] = []): RecordedDefinition {
  body.allowOnly(['name', 'expression', 'stepMs', 'retention', ...others]);
  return {
    name: body.text('name').trim(),
    expression: body.text('expression').trim(),
    stepMs: body.integer('stepMs'),
    retention: body.text('retention').trim(),
  };
}

function targetIn(body: Body): EditTarget {
  return { name: body.text('name'), revision: body.integer('revision') };
}

/** An expression of the greatest length, each of its characters escaped, and the rest. */
const MOST_BODY_BYTES = 256 * 1024;

/** The JSON object in a request's body, read strictly. */
class Body {
  private readonly fields: ReadonlyMap<string, unknown>;

  constructor(bytes: Uint8Array) {
    if (bytes.length > MOST_BODY_BYTES) {
      throw new PromkeepError('LIMIT_EXCEEDED', `The body has more than ${MOST_BODY_BYTES} bytes.`);
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw invalid('The body must be JSON.');
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw invalid('The body must be a JSON object.');
    }
    this.fields = new Map(Object.entries(parsed));
  }

  allowOnly(names: readonly string[]): void {
    const unknown = [...this.fields.keys()].find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw invalid(`Unknown field ${JSON.stringify(unknown)}; allowed are ${names.join(', ')}.`);
    }
  }

  has(name: string): boolean {
    return this.fields.has(name);
  }

  text(name: string): string {
    const value = this.fields.get(name);
    if (typeof value !== 'string') {
      throw invalid(`The field ${name} must be a text.`);
    }
    return value;
  }

  integer(name: string): number {
    const value = this.fields.get(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
      throw invalid(`The field ${name} must be a whole number.`);
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.fields.get(name);
    if (typeof value !== 'boolean') {
      throw invalid(`The field ${name} must be true or false.`);
    }
    return value;
  }
}
