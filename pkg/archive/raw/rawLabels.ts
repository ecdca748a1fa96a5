import { type Label } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { type RawLabelRead, type RawSelect, type Selector } from '../../core/ports/rawSeries';
import { compareUtf8 } from '../../remote/labels';
import { type Session } from '../connect/session';
import { assembleSeries } from './assembleSeries';
import { DAY_MS, withStored } from './chunkRow';
import { readRows } from './chunkRows';
import { findSeries, matchingSeries, readLabels } from './findSeries';

/** Of so many series rows are read at once, where these have to be looked into. */
const LOOK_SERIES = 200;

/** See `RawHistory.seriesLabels`. */
export async function readSeriesLabels(
  session: Session,
  read: RawSelect,
  signal: AbortSignal
): Promise<Array<readonly Label[]>> {
  const found = await findSeries(session, read, signal);
  const idsOf = found.map(({ parts }) => parts.map(({ seriesId }) => seriesId));
  const present = await havingSamples(session, idsOf.flat(), read.range);
  return found.filter((_, i) => idsOf[i].some((id) => present.has(id))).map(({ labels }) => labels);
}

/** See `RawHistory.labelNames`. */
export function readLabelNames(session: Session, read: RawLabelRead, signal: AbortSignal): Promise<string[]> {
  return collect(session, read, (labels) => labels.map(({ name }) => name), signal);
}

/** See `RawHistory.labelValues`. */
export function readLabelValues(
  session: Session,
  { name, selectors, ...read }: RawLabelRead & { name: string },
  signal: AbortSignal
): Promise<string[]> {
  const present = { name, operator: '!=', value: '' } as const;
  const narrowed = allOf(selectors).map((selector): Selector => [...selector, present]);
  const valueOf = (labels: readonly Label[]): string[] =>
    labels.filter((label) => label.name === name).map(({ value }) => value);
  return collect(session, { ...read, selectors: narrowed }, valueOf, signal);
}

function allOf(selectors: readonly Selector[]): readonly Selector[] {
  return selectors.length === 0 ? [[]] : selectors;
}

/** Texts of series with samples in the range. Only those of which something is new are looked at closely. */
async function collect(
  session: Session,
  { selectors, range, limit = Infinity }: RawLabelRead,
  textsOf: (labels: readonly Label[]) => readonly string[],
  signal: AbortSignal
): Promise<string[]> {
  const texts = new Set<string>();
  const dictionary = new Map<number, Label>();
  for (const selector of allOf(selectors)) {
    for await (const page of matchingSeries(session, { selector, range }, signal)) {
      const unknown = page.map(({ labelIds }) => labelIds.filter((id) => !dictionary.has(id)));
      (await readLabels(session, unknown)).forEach((label, id) => dictionary.set(id, label));
      const candidates = page.map(({ seriesId, labelIds }) => ({
        seriesId,
        texts: textsOf(Array.from(labelIds, (id) => dictionary.get(id)).filter((label) => label !== undefined)),
      }));
      for (let start = 0; start < candidates.length; start += LOOK_SERIES) {
        const fresh = candidates
          .slice(start, start + LOOK_SERIES)
          .filter((one) => one.texts.some((text) => !texts.has(text)));
        const present = await havingSamples(
          session,
          fresh.map(({ seriesId }) => seriesId),
          range
        );
        fresh
          .filter(({ seriesId }) => present.has(seriesId))
          .forEach((one) => one.texts.forEach((text) => texts.add(text)));
      }
    }
  }
  return [...texts].sort(compareUtf8).slice(0, limit);
}

/**
 * Those of some series, of which all have rows that reach into a range, that have samples in it: not where the only row begins
 * before it and ends behind it, with a hole in between.
 */
async function havingSamples(session: Session, seriesIds: readonly number[], range: TimeRange): Promise<Set<number>> {
  const present = new Set(seriesIds);
  if (range.toMs - range.fromMs >= DAY_MS) {
    return present;
  }
  for (let start = 0; start < seriesIds.length; start += LOOK_SERIES) {
    const rows = await readRows(session, seriesIds.slice(start, start + LOOK_SERIES), range);
    for (const row of rows.filter(({ fromMs, toMs }) => fromMs < range.fromMs && toMs > range.toMs)) {
      if (withStored(() => assembleSeries([row], range, [])).length === 0) {
        present.delete(row.seriesId);
      }
    }
  }
  return present;
}
