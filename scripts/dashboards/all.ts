import { APP } from './app';
import { ARCHIVE } from './archive';
import { assemble } from './assemble';
import { type DashboardJson } from './dashboardJson';
import { MYSQL } from './mysql';
import { NODE } from './node';
import { OVERVIEW } from './overview';
import { POSTGRES } from './postgres';
import { PROMETHEUS } from './prometheus';
import { REDIS } from './redis';

const DASHBOARDS = {
  overview: OVERVIEW,
  node: NODE,
  postgres: POSTGRES,
  mysql: MYSQL,
  redis: REDIS,
  app: APP,
  prometheus: PROMETHEUS,
  archive: ARCHIVE,
};

/** File name below provisioning/dashboards → what it holds. */
export function allDashboards(): Array<{ file: string; dashboard: DashboardJson }> {
  return Object.entries(DASHBOARDS).map(([name, one]) => ({
    file: `${name}.json`,
    dashboard: assemble(one, Object.values(DASHBOARDS)),
  }));
}
