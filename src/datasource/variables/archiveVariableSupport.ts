import { type DataQueryRequest, type MetricFindValue, type TimeRange } from '@grafana/data';
import { type PrometheusDatasource, PrometheusVariableSupport } from '@grafana/prometheus';
import { defer, map } from 'rxjs';
import { wordsIn } from '../../contract/lenient';
import { type ArchiveVariable, parseArchiveVariable } from './archiveVariables';

type Owner = PrometheusDatasource & {
  askArchive(asked: ArchiveVariable, range: TimeRange): Promise<MetricFindValue[]>;
};
type Request = Parameters<PrometheusVariableSupport['query']>[0];

/** Variables as in Grafana's datasource, and those over archived labels. Dashboards ask here and not by `metricFindQuery`. */
export class ArchiveVariableSupport extends PrometheusVariableSupport {
  constructor(private readonly owner: Owner) {
    super(owner);
  }

  override query(request: Request): ReturnType<PrometheusVariableSupport['query']> {
    const text = textOf(request);
    const asked = parseArchiveVariable(this.owner.interpolateString(text, request.scopedVars));
    return asked
      ? defer(() => this.owner.askArchive(asked, request.range)).pipe(map((data) => ({ data })))
      : super.query(request);
  }
}

/** Old dashboards have the text itself in the place of a query. */
function textOf({ targets }: DataQueryRequest<Request['targets'][number]>): string {
  const [target]: unknown[] = targets;
  return typeof target === 'string' ? target : (wordsIn(target, 'query') ?? '');
}
