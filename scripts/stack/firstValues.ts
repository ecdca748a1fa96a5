import { setTimeout } from 'node:timers/promises';

const POLL_MS = 2_000;
/** The custom exporter is scraped every 30 s and a rate needs two scrapes. */
const PATIENCE_MS = 180_000;

/**
 * Waits until no value of the summary is missing, and says what is still awaited whenever that changes. Gives up quietly
 * after three minutes: the stack runs, and the page says why a value is missing.
 */
export async function awaitFirstValues(
  dashboardUrl: string,
  say: (line: string) => void,
  signal: AbortSignal
): Promise<void> {
  const url = dashboardUrl.replace(/\/dashboard$/, '/api/metrics/summary');
  const deadlineMs = Date.now() + PATIENCE_MS;
  let said = '';
  while (!signal.aborted && Date.now() < deadlineMs) {
    const missing = await missingValues(url);
    if (missing?.length === 0) {
      say('All values of the summary are live.');
      return;
    }
    const line =
      missing === undefined ? 'Waiting for the summary …' : `Waiting for first values: ${missing.join(', ')} …`;
    if (line !== said) {
      say(line);
      said = line;
    }
    await pause(signal);
  }
  if (!signal.aborted) {
    say('Some values are still missing; the dashboard says why.');
  }
}

async function missingValues(url: string): Promise<string[] | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000), headers: authorization() });
    const body: unknown = await response.json();
    return response.ok
      ? Object.entries(Object(body)).flatMap(([key, value]) => (value === null ? [key] : []))
      : undefined;
  } catch {
    return undefined;
  }
}

/** The token with which the user protects `promkeep serve`, if there is one. */
function authorization(): Record<string, string> {
  const token = process.env.PROMKEEP_TOKEN;
  return token ? { authorization: `Bearer ${token}` } : {};
}

async function pause(signal: AbortSignal): Promise<void> {
  await setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined);
}
