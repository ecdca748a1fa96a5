/** The parts of Grafana's dashboard JSON that our dashboards use. */
export interface DashboardJson {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  schemaVersion: number;
  version: number;
  editable: boolean;
  graphTooltip: number;
  refresh: string;
  time: { from: string; to: string };
  timezone: string;
  fiscalYearStartMonth: number;
  links: LinkJson[];
  annotations: { list: never[] };
  templating: { list: VariableJson[] };
  panels: PanelJson[];
}

export interface LinkJson {
  type: 'link';
  title: string;
  url: string;
  icon: string;
  tooltip: string;
  targetBlank: boolean;
  keepTime: boolean;
  includeVars: boolean;
  asDropdown: boolean;
  tags: string[];
}

export interface DatasourceRef {
  type: string;
  uid: string;
}

export interface TargetJson {
  refId: string;
  datasource: DatasourceRef;
  expr: string;
  range: boolean;
  instant: boolean;
  editorMode?: string;
  legendFormat?: string;
  format?: string;
  queryType?: string;
  summary?: { metrics?: string[]; groupBy?: string; compare?: string };
}

export interface PanelJson {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: DatasourceRef;
  targets?: TargetJson[];
  fieldConfig?: { defaults: Record<string, unknown>; overrides: unknown[] };
  options?: Record<string, unknown>;
  transformations?: unknown[];
  collapsed?: boolean;
  panels?: never[];
}

export interface VariableJson {
  type: 'datasource' | 'query';
  name: string;
  label: string;
  query: unknown;
  [key: string]: unknown;
}
