import type * as v from 'valibot';
import { DefinitionRefusal } from '../core/manage/manageDefinitions';
import { type ApiRequest, type ApiResponse, type ApiRoute } from '../core/ports/apiRoute';
import { type Caller } from '../core/ports/datasource';
import { type Fields, readBody, readParameters } from './parameters';

/** A route as it is written down. */
export interface RouteDeclaration<Taken extends v.ObjectEntries> {
  method: ApiRoute['method'];
  path: string;
  /** Of a GET the query parameters, of a POST the fields of the JSON body; anything else is refused. */
  takes: Taken;
  /**
   * Throws when this caller may not, or there is nothing to ask. Absent: whoever gets to the face may, or the answer decides, as
   * that of the definitions does by roles and policy.
   */
  check?(caller: Caller): void;
  /** What is sent as JSON. */
  answer(asked: Fields<Taken>, request: Pick<ApiRequest, 'caller' | 'signal'>): Promise<unknown>;
}

/** The route as faces mount it: reads what is asked, checks who asks, answers. Throws `PromkeepError`. */
export function route<Taken extends v.ObjectEntries>(declared: RouteDeclaration<Taken>): ApiRoute {
  const { method, path, takes } = declared;
  return {
    method,
    path,
    async handle(request): Promise<ApiResponse> {
      const asked = method === 'GET' ? readParameters(request.query, takes) : readBody(request.body, takes);
      declared.check?.(request.caller);
      try {
        return { status: 200, body: await declared.answer(asked, request) };
      } catch (error) {
        if (error instanceof DefinitionRefusal) {
          return { status: error.status, body: { error: error.message, code: error.code, faults: error.faults } };
        }
        throw error;
      }
    },
  };
}
