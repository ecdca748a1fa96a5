import { withinSignal } from '../model/concurrency';
import { type HealthResult } from '../ports/datasource';
import { asPromkeepError } from '../model/errors';
import { type Archive } from '../ports/archive';
import { type BuildInfo, type CallOptions, type MetricSource } from '../ports/metricSource';

export interface HealthDeps {
  source: MetricSource;
  archive?: Pick<Archive, 'status'>;
  /** Added to the message: whoever presses the button can change what they are about. */
  settingsWarnings: readonly string[];
  timeoutSignal(ms: number): AbortSignal;
  /** Why raw series cannot be collected, if so. Never rejects. */
  rawWarning?(signal: AbortSignal): Promise<string | undefined>;
}

const ARCHIVE_PATIENCE_MS = 10_000;

/** Evaluating needs no data and no scrape; the time is Grafana's choice. */
const PROBE = { expr: '1+1', timeMs: 4_000 };

/**
 * *Save & test*: asks Prometheus to add one and one, then for its version, and the archive for its state. An archive that
 * fails makes the result an error although queries still work (the message says so): whoever presses the button has just
 * configured it and must see it.
 */
export async function checkHealth(deps: HealthDeps, call: CallOptions): Promise<HealthResult> {
  const [source, build, archive, raw] = await Promise.all([
    probeSource(deps.source, call),
    deps.source.buildInfo(call).catch(() => undefined),
    probeArchive(deps, call.signal),
    deps.rawWarning?.(AbortSignal.any([call.signal, deps.timeoutSignal(ARCHIVE_PATIENCE_MS)])),
  ]);
  const healthy = source.healthy && archive.healthy;
  const details = { ...buildDetails(build), ...(archive.text === undefined ? {} : { archive: archive.text }) };
  return {
    status: healthy ? 'ok' : 'error',
    message: [source.text, archive.text, raw, ...deps.settingsWarnings].filter((text) => text !== undefined).join(' '),
    ...(Object.keys(details).length > 0 ? { details } : {}),
  };
}

interface Probe {
  healthy: boolean;
  text?: string;
}

async function probeSource(source: MetricSource, call: CallOptions): Promise<Probe> {
  try {
    await source.queryInstant(PROBE, call);
    return { healthy: true, text: 'Successfully queried the Prometheus API.' };
  } catch (error) {
    const { message } = asPromkeepError(error);
    return { healthy: false, text: `${message} - There was an error returned querying the Prometheus API.` };
  }
}

async function probeArchive({ archive, timeoutSignal }: HealthDeps, signal: AbortSignal): Promise<Probe> {
  if (!archive) {
    return { healthy: true };
  }
  const patience = timeoutSignal(ARCHIVE_PATIENCE_MS);
  try {
    const status = await withinSignal(archive.status(), AbortSignal.any([signal, patience]));
    return { healthy: true, text: `Archive: connected, PostgreSQL ${status.serverVersion}.` };
  } catch (error) {
    const reason = patience.aborted
      ? `no answer within ${ARCHIVE_PATIENCE_MS / 1_000} s.`
      : asPromkeepError(error).message;
    return {
      healthy: false,
      text: `Archive: ${reason.replace(/[^.!?]$/, '$&.')} Queries work without it; nothing can be kept.`,
    };
  }
}

function buildDetails(build: BuildInfo | undefined): Record<string, unknown> {
  if (!build) {
    return {};
  }
  const { application, version, features } = build;
  return { application, version, features: { rulerApiEnabled: features.ruler_config_api === 'true' } };
}
