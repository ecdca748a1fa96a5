import { APP } from './app';
import { assemble } from './assemble';
import { type DashboardJson } from './dashboardJson';
import { NODE } from './node';
import { OVERVIEW } from './overview';
import { POSTGRES } from './postgres';
import { PROMETHEUS } from './prometheus';

const DASHBOARDS = { overview: OVERVIEW, node: NODE, postgres: POSTGRES, app: APP, prometheus: PROMETHEUS };

/** File name below provisioning/dashboards → what it holds. */
export function allDashboards(): Array<{ file: string; dashboard: DashboardJson }> {
  return Object.entries(DASHBOARDS).map(([name, one]) => ({
    file: `${name}.json`,
    dashboard: assemble(one, Object.values(DASHBOARDS)),
  }));
}
