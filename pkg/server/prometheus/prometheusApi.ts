import { PromkeepError } from '../../core/model/errors';
import { type MemoryShare } from '../../core/memory/memoryBudget';
import { type Clock } from '../../core/ports/clock';
import { type MetricSource, type ResourceRequest, type ResourceResponse } from '../../core/ports/metricSource';
import { type RawHistory, type Selector } from '../../core/ports/rawSeries';
import { type Gate } from '../gate';
import { success, withoutOutage } from './apiAnswer';
import { parametersOf, readLimit, readSeriesQuestion, type SeriesQuestion, unescapeName } from './apiQuestion';
import { type BothSides, uniteMetadata, uniteNames, uniteSeries, uniteValues } from './apiUnions';

export interface PrometheusApiParts {
  source: Pick<MetricSource, 'resource'>;
  /** Evaluates PromQL over the archive, by reading from this server; often the source itself. */
  engine: Pick<MetricSource, 'resource'>;
  /** Absent: there is no archive. */
  history: RawHistory | undefined;
  /** A series selector. Throws `QUERY_INVALID`. */
  readSelector(text: string): Selector;
  clock: Clock;
  /** Most names, values, series or metrics of an answer. */
  maxSeries: number;
}

export interface ApiCall {
  memory: MemoryShare;
  signal: AbortSignal;
}

interface Asked extends ApiCall {
  parts: PrometheusApiParts;
  /** For lists of series: few at a time. */
  lists: Gate;
  request: ResourceRequest;
}

export interface PrometheusPath {
  methods: ReadonlyArray<'GET' | 'POST'>;
  answer(asked: Asked): Promise<ResourceResponse>;
}

const FORMS = ['GET', 'POST'] as const;

/** What is evaluated: by the engine, which reads the archive. */
const evaluated: PrometheusPath = {
  methods: FORMS,
  answer: async (asked) => withoutOutage(await pass(asked, asked.parts.engine)),
};

/** What an engine that only reads from us does not have: it scrapes nothing and has no rules. */
const ofSource = (methods: PrometheusPath['methods']): PrometheusPath => ({
  methods,
  answer: (asked) => pass(asked, asked.parts.source),
});

const ofEngine = (methods: PrometheusPath['methods']): PrometheusPath => ({
  methods,
  answer: (asked) => pass(asked, asked.parts.engine),
});

/** By what stands behind `/api/v1/`; a star is a name. */
export const PROMETHEUS_PATHS: Readonly<Record<string, PrometheusPath>> = {
  query: evaluated,
  query_range: evaluated,
  query_exemplars: ofSource(FORMS),
  format_query: ofEngine(FORMS),
  parse_query: ofEngine(FORMS),
  rules: ofSource(['GET']),
  alerts: ofSource(['GET']),
  'status/buildinfo': ofEngine(['GET']),
  'status/tsdb': { methods: ['GET'], answer: describeArchive },
  labels: { methods: FORMS, answer: (asked) => uniteNames(sidesOf(asked), questionOf(asked)) },
  'label/*': {
    methods: ['GET'],
    answer: (asked) => uniteValues(sidesOf(asked), questionOf(asked), labelIn(asked.request.path)),
  },
  series: {
    methods: FORMS,
    answer(asked) {
      const question = questionOf(asked);
      if (question.selectors.length === 0) {
        throw new PromkeepError('QUERY_INVALID', 'no match[] parameter provided');
      }
      return uniteSeries(sidesOf(asked), question);
    },
  },
  metadata: {
    methods: ['GET'],
    answer(asked) {
      const parameters = parametersOf(asked.request);
      return uniteMetadata(sidesOf(asked), {
        metric: parameters.get('metric') || undefined,
        limit: readLimit(parameters),
      });
    },
  },
};

function pass({ request, memory, signal }: Asked, to: Pick<MetricSource, 'resource'>): Promise<ResourceResponse> {
  return to.resource(request, { memory, signal });
}

function sidesOf(asked: Asked): BothSides {
  const { parts, lists, signal, memory } = asked;
  const { history, maxSeries: most } = parts;
  return { source: () => pass(asked, parts.source), history, signal, part: memory.part(), lists, most };
}

function questionOf({ parts, request }: Asked): SeriesQuestion {
  return readSeriesQuestion(parametersOf(request), parts.readSelector, parts.clock.nowMs());
}

function labelIn(path: string): string {
  const [, name] = /^api\/v1\/label\/([^/]+)\/values$/.exec(path) ?? [];
  if (name === undefined) {
    throw new PromkeepError('NOT_FOUND', 'There is nothing at this path.');
  }
  try {
    return unescapeName(decodeURIComponent(name));
  } catch (cause) {
    throw new PromkeepError('QUERY_INVALID', 'The name of the label is not escaped as a path needs it.', { cause });
  }
}

/** Of Prometheus' own statistics what an archive can say: from when to when it has raw series. */
async function describeArchive({ parts }: Asked): Promise<ResourceResponse> {
  const covered = ((await parts.history?.kept()) ?? []).flatMap((one) => one.covered);
  const none: never[] = [];
  return success({
    headStats:
      covered.length === 0
        ? {}
        : {
            minTime: covered.reduce((least, { fromMs }) => Math.min(least, fromMs), Infinity),
            maxTime: covered.reduce((most, { toMs }) => Math.max(most, toMs), -Infinity),
          },
    seriesCountByMetricName: none,
    labelValueCountByLabelName: none,
    memoryInBytesByLabelName: none,
    seriesCountByLabelValuePair: none,
  });
}
