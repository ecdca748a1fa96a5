import { type SummaryMetric } from '../../src/contract/summary';
import { type Definition } from '../core/ports/definitions';
import { type Environment } from './environment';

export interface ConfigInput {
  /** The file, when there is one: its name is for messages. */
  file?: { name: string; text: string };
  environment: Environment;
  /** Reads a file that the configuration names (a password, a certificate); throws when it cannot. */
  readFile(path: string): string;
  defaults: { recordedQueries: readonly Definition[]; summaryMetrics: readonly SummaryMetric[] };
}
