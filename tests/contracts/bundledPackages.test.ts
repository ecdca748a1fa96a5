import { readFileSync } from 'node:fs';
import path from 'node:path';
import manifest from '../../package.json';

const lock: { packages: Record<string, { peerDependencies?: Record<string, string> }> } = JSON.parse(
  readFileSync(path.resolve(__dirname, '../../package-lock.json'), 'utf8')
);

/** Where a package is installed, one path a copy. */
function copiesOf(name: string): string[] {
  return Object.keys(lock.packages).filter(
    (where) => where === `node_modules/${name}` || where.endsWith(`/node_modules/${name}`)
  );
}

/** What went wrong when Grafana moved its datasource into a plugin [Q7.22]. */
describe('the packages the plugins are built from', () => {
  // [Q7.22]
  it.each(['@grafana/i18n', 'react-i18next', '@grafana/data', '@grafana/prometheus', 'rxjs'])(
    'has one copy of what holds the translations',
    (name) => expect(copiesOf(name)).toEqual([`node_modules/${name}`])
  );

  // [Q7.22]
  it('brings the assistant along, which the library imports and Grafana does not share', () => {
    expect(lock.packages['node_modules/@grafana/prometheus'].peerDependencies).toHaveProperty('@grafana/assistant');
    expect(manifest.dependencies).toHaveProperty('@grafana/assistant');
    expect(copiesOf('@grafana/assistant')).toEqual(['node_modules/@grafana/assistant']);
  });
});
