import { DATASOURCE_PLUGIN_ID } from '../../src/contract/pluginIds';
import { type DashboardJson, type LinkJson, type PanelJson, type VariableJson } from './dashboardJson';
import { DATASOURCE, type Panel } from './panels';

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  /** A metric only the wanted jobs have: its jobs and instances are offered. */
  scope: string;
  sections: ReadonlyArray<{ title?: string; panels: readonly Panel[] }>;
}

const COLUMNS = 24;
const TAG = 'promkeep';

/** A dashboard as Grafana reads it; its panels flow from left to right, with a heading above each named section. */
export function assemble(dashboard: Dashboard, all: ReadonlyArray<Pick<Dashboard, 'uid' | 'title'>>): DashboardJson {
  const { uid, title, description, scope } = dashboard;
  return {
    uid,
    title,
    description,
    tags: [TAG],
    schemaVersion: 41,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: '',
    fiscalYearStartMonth: 0,
    links: all.filter((other) => other.uid !== uid).map(linkTo),
    annotations: { list: [] },
    templating: { list: [datasourceVariable(), jobVariable(scope), instanceVariable(scope)] },
    panels: place(dashboard.sections),
  };
}

function place(sections: Dashboard['sections']): PanelJson[] {
  const placed: PanelJson[] = [];
  let y = 0;
  for (const { title, panels } of sections) {
    if (title !== undefined) {
      const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
      placed.push({ id: placed.length + 1, type: 'row', title, collapsed: false, gridPos, panels: [] });
      y += 1;
    }
    let [x, rowHeight] = [0, 0];
    for (const { w, h, ...panel } of panels) {
      if (x + w > COLUMNS) {
        [x, y, rowHeight] = [0, y + rowHeight, 0];
      }
      placed.push({ id: placed.length + 1, ...panel, gridPos: { x, y, w, h } });
      x += w;
      rowHeight = Math.max(rowHeight, h);
    }
    y += rowHeight;
  }
  return placed;
}

/** The datasource goes along; job and instance do not, since each dashboard has its own. */
function linkTo({ uid, title }: Pick<Dashboard, 'uid' | 'title'>): LinkJson {
  return {
    type: 'link',
    title,
    url: `/d/${uid}?\${datasource:queryparam}`,
    icon: 'dashboard',
    tooltip: '',
    targetBlank: false,
    keepTime: true,
    includeVars: false,
    asDropdown: false,
    tags: [],
  };
}

function datasourceVariable(): VariableJson {
  return {
    type: 'datasource',
    name: 'datasource',
    label: 'Datasource',
    query: DATASOURCE_PLUGIN_ID,
    current: {},
    refresh: 1,
    regex: '',
    hide: 0,
    multi: false,
    includeAll: false,
    options: [],
  };
}

function jobVariable(scope: string): VariableJson {
  return labelVariable('job', 'Job', `label_values(${scope}, job)`);
}

function instanceVariable(scope: string): VariableJson {
  return labelVariable('instance', 'Instance', `label_values(${scope}{job=~"$job"}, instance)`);
}

function labelVariable(name: string, label: string, query: string): VariableJson {
  return {
    type: 'query',
    name,
    label,
    datasource: DATASOURCE,
    definition: query,
    query: { qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    multi: true,
    includeAll: true,
    current: { text: ['All'], value: ['$__all'] },
    refresh: 2,
    sort: 1,
    regex: '',
    hide: 0,
    options: [],
  };
}
