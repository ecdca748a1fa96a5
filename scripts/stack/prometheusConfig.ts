import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Document, parseDocument, isMap, isSeq, type YAMLMap } from 'yaml';

/** Configuration for `startPrometheus`: the text of prometheus.yml and the rule files beside it. */
export interface PrometheusFiles {
  config: string;
  files: Record<string, string>;
}

/**
 * `provisioning/prometheus` with the addresses of this machine.
 *
 * @param dir the folder with `prometheus.yml` and `rules/`
 * @param targets `host:port` by job; jobs without one are left out, since nothing here would answer them
 */
export async function localPrometheusFiles(dir: string, targets: Record<string, string>): Promise<PrometheusFiles> {
  const text = await readFile(path.join(dir, 'prometheus.yml'), 'utf8');
  const files: Record<string, string> = {};
  for (const name of await readdir(path.join(dir, 'rules'))) {
    files[`rules/${name}`] = await readFile(path.join(dir, 'rules', name), 'utf8');
  }
  return { config: withTargets(text, targets), files };
}

/** `provisioning/prometheus/reader.yml`, reading from this address instead. */
export async function localReaderConfig(dir: string, readUrl: string): Promise<string> {
  const document = parseDocument(await readFile(path.join(dir, 'reader.yml'), 'utf8'));
  readFrom(document, readUrl);
  return document.toString();
}

/** Here nothing asks for a token. */
function readFrom(document: Document, url: string): void {
  document.deleteIn(['remote_read', 0, 'authorization']);
  document.setIn(['remote_read', 0, 'url'], url);
}

/** See `localPrometheusFiles`; everything else of the text stays as it is. */
export function withTargets(text: string, targets: Record<string, string>): string {
  const document = parseDocument(text);
  if (targets.promkeep === undefined) {
    document.delete('remote_read');
  } else {
    readFrom(document, `http://${targets.promkeep}/api/v1/read`);
  }
  const jobs = document.get('scrape_configs');
  if (!isSeq<YAMLMap>(jobs)) {
    throw new Error('prometheus.yml has no list scrape_configs.');
  }
  jobs.items = jobs.items.filter((job) => isMap(job) && targets[String(job.get('job_name'))] !== undefined);
  for (const job of jobs.items) {
    // Here every target has a fixed address on loopback, where nothing asks for a token.
    job.delete('dns_sd_configs');
    job.delete('authorization');
    job.set('static_configs', document.createNode([{ targets: [targets[String(job.get('job_name'))]] }]));
  }
  return document.toString();
}
