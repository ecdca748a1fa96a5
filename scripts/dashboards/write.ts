// Writes provisioning/dashboards/*.json from the code beside this file.
//   npx tsx scripts/dashboards/write.ts
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import prettier from 'prettier';
import { allDashboards } from './all';

const FOLDER = path.resolve(__dirname, '../../provisioning/dashboards');

void main();

async function main(): Promise<void> {
  for (const { file, dashboard } of allDashboards()) {
    const target = path.join(FOLDER, file);
    const options = await prettier.resolveConfig(target);
    writeFileSync(target, await prettier.format(JSON.stringify(dashboard), { ...options, filepath: target }));
  }
}
