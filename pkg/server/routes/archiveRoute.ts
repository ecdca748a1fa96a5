import { type ApiRoute } from '../../core/api';
import { PromkeepError } from '../../core/errors';
import { type Archive } from '../../core/ports';
import { Parameters } from './parameters';

/** `GET /api/archive/status`: what is kept, what is covered and what is missing and why; 409 when there is no archive. */
export function createArchiveRoute(archive: Archive | undefined): ApiRoute {
  return {
    method: 'GET',
    path: '/api/archive/status',
    async handle(request) {
      new Parameters(request.query, []);
      if (!archive) {
        throw new PromkeepError('ARCHIVE_OFF', 'There is no archive: none is configured.');
      }
      return { status: 200, body: await archive.status() };
    },
  };
}
