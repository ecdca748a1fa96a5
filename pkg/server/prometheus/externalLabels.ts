import { compileMatchers } from '../../core/matching/matchLabels';
import { type LabelMatcher } from '../../core/model/labelMatcher';
import { type Label, type RawSeries } from '../../core/model/rawSeries';
import { type Selector } from '../../core/ports/rawSeries';
import { compareLabels, compareUtf8 } from '../../remote/labels';

/**
 * The labels that the source has as a whole: its series do not carry them, and readers with the same `external_labels` ask for
 * them and take them off again. A series with a label of that name keeps its own, as in Prometheus.
 */
export class ExternalLabels {
  private readonly values: ReadonlyMap<string, string>;

  constructor(labels: Readonly<Record<string, string>>) {
    this.values = new Map(Object.entries(labels));
  }

  /**
   * What the archive is asked for, and which of its series then match: those that lack the label count as having the external
   * one. Throws as `compileMatchers`.
   */
  split(matchers: readonly LabelMatcher[]): { selector: Selector; accepts(labels: readonly Label[]): boolean } {
    const about = matchers.filter(({ name }) => this.values.has(name));
    const holdsOutside = about.map((one) => compileMatchers([one])(Object.fromEntries(this.values)));
    // only a label of its own can help a series that lacks nothing else
    const needed = about.filter((_, i) => !holdsOutside[i]);
    const late = about
      .filter((_, i) => holdsOutside[i])
      .map((one) => ({ name: one.name, holds: compileMatchers([one]) }));
    const others = matchers.filter(({ name }) => !this.values.has(name));
    return {
      selector: [...others, ...needed, ...needed.map(({ name }) => ({ name, operator: '!=' as const, value: '' }))],
      accepts: (labels) =>
        late.every(({ name, holds }) => {
          const own = labels.find((label) => label.name === name);
          return !own || holds({ [name]: own.value });
        }),
    };
  }

  /** The labels of a series as a reader sees it, sorted. */
  addTo(labels: readonly Label[]): Label[] {
    const missing = [...this.values].filter(([name]) => !labels.some((label) => label.name === name));
    const all = [...labels, ...missing.map(([name, value]) => ({ name, value }))];
    return missing.length > 0 ? all.sort((a, b) => compareUtf8(a.name, b.name)) : all;
  }

  /**
   * Series with these labels added, in order again: one whose labels are the beginning of another's may belong behind it now.
   * At most so many are held back as begin one another.
   */
  async *addToAll(sorted: AsyncIterable<RawSeries>): AsyncGenerator<RawSeries> {
    const held: RawSeries[] = [];
    for await (const { labels, chunks } of sorted) {
      const next = { labels: this.addTo(labels), chunks };
      for (let last = held.at(-1); last && compareLabels(last.labels, next.labels) <= 0; last = held.at(-1)) {
        held.pop();
        yield last;
      }
      held.push(next);
    }
    yield* held.reverse();
  }
}
