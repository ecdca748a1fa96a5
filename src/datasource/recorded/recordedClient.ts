import { type BackendSrvRequest, getBackendSrv, isFetchError } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import { wordsIn } from '../../contract/lenient';
import { type RecordedDefinition, type RecordedFaults } from '../../contract/recordedDefinition';
import {
  parseCheck,
  parseFaults,
  parseRecordedQueries,
  type RecordedCheck,
  type RecordedQueriesAnswer,
  type RecordedQueryItem,
} from '../../contract/recordedQuery';
import { RECORDED_QUERIES_RESOURCE } from '../../contract/resourcePaths';
import { say } from '../texts';

/** Why the backend did not do it, in its own words. */
export class RecordedFailure extends Error {
  constructor(
    message: string,
    /** By field, when the definition was refused. */
    readonly faults: RecordedFaults = {}
  ) {
    super(message);
  }
}

type Target = Pick<RecordedQueryItem, 'name' | 'revision'>;

/** The resources of one datasource that manage its recorded queries. Every method rejects with `RecordedFailure`. */
export class RecordedClient {
  constructor(private readonly uid: string) {}

  async list(): Promise<RecordedQueriesAnswer> {
    return parseRecordedQueries(await this.ask({ method: 'GET', url: '' }));
  }

  /** @param revision of the query that is being edited; absent for a new one */
  async validate(definition: RecordedDefinition, revision: number | undefined): Promise<RecordedCheck> {
    return parseCheck(await this.post('/validate', { ...definition, revision }));
  }

  /** Makes a new query, or changes the one whose revision is given. */
  async save(definition: RecordedDefinition, revision: number | undefined): Promise<void> {
    await this.post(revision === undefined ? '' : '/update', { ...definition, revision });
  }

  async setPaused({ name, revision }: Target, paused: boolean): Promise<void> {
    await this.post(paused ? '/pause' : '/resume', { name, revision });
  }

  async remove({ name, revision }: Target, withData: boolean): Promise<void> {
    await this.post('/delete', { name, revision, withData });
  }

  /** Keeps what waits to be deleted of a query. */
  async takeBack(name: string): Promise<void> {
    await this.post('/take-back', { name });
  }

  /** Lets what waits for a query hold at once. */
  async carryOut(name: string): Promise<void> {
    await this.post('/carry-out', { name });
  }

  private post(url: string, data: object): Promise<unknown> {
    return this.ask({ method: 'POST', url, data });
  }

  private async ask(request: BackendSrvRequest): Promise<unknown> {
    const url = `/api/datasources/uid/${this.uid}/resources/${RECORDED_QUERIES_RESOURCE}${request.url}`;
    try {
      // The page shows what went wrong where it went wrong; Grafana's toast would say it again.
      const quiet = { showErrorAlert: false, showSuccessAlert: false };
      return (await lastValueFrom(getBackendSrv().fetch<unknown>({ ...request, ...quiet, url }))).data;
    } catch (error) {
      throw toFailure(error);
    }
  }
}

function toFailure(error: unknown): RecordedFailure {
  const body: unknown = isFetchError(error) ? error.data : undefined;
  const text = wordsIn(body, 'error', 'message') ?? wordsIn(error, 'statusText');
  return new RecordedFailure(text ?? say('recorded.noReason'), parseFaults(body));
}
