import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * The import table of docs/architecture.md. Data flows one way, imports point inwards; a room that needs something from a
 * room it may not import gets it through a port, plugged in by pkg/compose.
 */
const ROOMS: Room[] = [
  { name: 'contract', folder: 'src/contract', imports: [] },
  { name: 'datasource', folder: 'src/datasource', imports: ['contract'] },
  { name: 'panel', folder: 'src/panel', imports: ['contract'] },
  { name: 'dashboard', folder: 'src/dashboard', imports: ['contract', 'panel'] },
  { name: 'core', folder: 'pkg/core', imports: ['contract'] },
  { name: 'promql', folder: 'pkg/promql', imports: ['core', 'contract'] },
  { name: 'source', folder: 'pkg/source', imports: ['core', 'contract', 'remote'] },
  { name: 'remote', folder: 'pkg/remote', imports: ['core', 'contract'] },
  { name: 'archive', folder: 'pkg/archive', imports: ['core', 'contract', 'remote'] },
  { name: 'record', folder: 'pkg/record', imports: ['core', 'contract'] },
  { name: 'metrics', folder: 'pkg/metrics', imports: ['core', 'contract'] },
  { name: 'routes', folder: 'pkg/routes', imports: ['core', 'contract'] },
  { name: 'plugin', folder: 'pkg/plugin', imports: ['core', 'contract', 'routes'] },
  { name: 'server', folder: 'pkg/server', imports: ['core', 'contract', 'routes', 'remote'] },
];

/** Packages with one home: whoever else imports them has gone round a port. */
const SOLE_HOMES: Array<{ packages: RegExp; homes: string[] }> = [
  { packages: /^(react|react-dom|@grafana\/.+|@emotion\/.+)(\/|$)/, homes: ['datasource', 'panel', 'dashboard'] },
  { packages: /^undici$/, homes: ['source'] },
  { packages: /^(@prometheus-io\/lezer-promql|@lezer\/.+)$/, homes: ['promql'] },
  { packages: /^(pg|pg-copy-streams|pg-.+)$/, homes: ['archive'] },
  { packages: /^(@grpc\/.+|protobufjs|apache-arrow)(\/|$)/, homes: ['plugin'] },
  { packages: /^(pbf|hysnappy)$/, homes: ['remote'] },
  { packages: /^prom-client$/, homes: ['metrics'] },
  { packages: /^(fastify|@fastify\/.+)$/, homes: ['server'] },
  { packages: /^re2js$/, homes: ['core'] },
];

/** Files outside the rooms that may know several of them. */
const WIRING = /^pkg\/main\.ts$|^pkg\/(commands|config|compose)\//;

interface Room {
  name: string;
  folder: string;
  imports: string[];
}

interface Import {
  file: string;
  specifier: string;
  /** Repository path for our own files, undefined for packages. */
  target?: string;
}

const root = path.resolve(__dirname, '..');
const sources = ['src', 'pkg'].flatMap((folder) => listSources(path.join(root, folder)));
const production = sources.filter((file) => !/\.(test|spec)\.tsx?$/.test(file));
const imports = production.flatMap(importsOf);

describe('imports point inwards', () => {
  it('finds the sources it is meant to check', () => {
    expect(production.length).toBeGreaterThan(20);
    expect(imports.filter((one) => one.target).length).toBeGreaterThan(40);
  });

  it('lets a room import only the rooms of its row', () => {
    const wrong = imports.filter(({ file, target }) => {
      const from = roomOf(file);
      const to = target && roomOf(target);
      return from && to && from !== to && !from.imports.includes(to.name);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('keeps browser code and Node code apart', () => {
    const wrong = imports.filter(
      ({ file, target }) => target && file.split('/')[0] !== target.split('/')[0] && !target.startsWith('src/contract/')
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('lets nothing import the wiring, tests, scripts or benches', () => {
    const wrong = imports.filter(
      ({ file, target }) =>
        target && ((WIRING.test(target) && !WIRING.test(file)) || /^(tests|scripts|bench|examples)\//.test(target))
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('knows a room for every file', () => {
    expect(production.filter((file) => !roomOf(file) && !WIRING.test(file))).toEqual([]);
  });

  it('keeps every special package in its sole home', () => {
    const wrong = imports.filter(({ file, specifier, target }) => {
      const rule = target === undefined ? SOLE_HOMES.find(({ packages }) => packages.test(specifier)) : undefined;
      return rule && !rule.homes.includes(roomOf(file)?.name ?? 'wiring');
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('keeps core and contract free of packages and Node modules, but for what only judges values and matches texts', () => {
    const wrong = imports.filter(
      ({ file, specifier, target }) =>
        target === undefined &&
        !['valibot', 're2js'].includes(specifier) &&
        ['core', 'contract'].includes(roomOf(file)?.name ?? '')
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('has no cycle', () => {
    expect(findCycles(imports)).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  const manual = fs.readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');

  it('draws the arrows that are allowed, and no other', () => {
    const drawn = [...manual.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} → ${to}`);
    const allowed = ROOMS.flatMap(({ name, imports: rooms }) => rooms.map((room) => `${name} → ${room}`));
    expect(drawn.sort()).toEqual(allowed.sort());
  });

  it('lists every room with its folder, and the folders a room says it has', () => {
    const rows = [...manual.matchAll(/^\| \*\*(\w+)\*\* *\| `([\w/]+)` *\| ([^|]+)\|/gm)];
    expect(rows.map(([, name, folder]) => ({ name, folder }))).toEqual(
      ROOMS.map(({ name, folder }) => ({ name, folder }))
    );
    const named = rows.flatMap(([, , folder, text]) =>
      [...text.matchAll(/`(\w+)\/`/g)].map(([, inner]) => `${folder}/${inner}`)
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((folder) => !fs.existsSync(path.join(root, folder)))).toEqual([]);
  });
});

describe('habits', () => {
  it('has at most 20 sources in a folder, tests beside them not counted, and at most two levels under a room', () => {
    const folders = new Map<string, number>();
    production.forEach((file) => folders.set(path.dirname(file), (folders.get(path.dirname(file)) ?? 0) + 1));
    expect([...folders].filter(([, count]) => count > 20)).toEqual([]);
    expect([...folders.keys()].filter((folder) => folder.split('/').length > 4)).toEqual([]);
  });

  it('has no barrels and no grab-bag files', () => {
    const wrong = production.filter((file) => /(^|\/)(index|utils?|helpers?|common|lib|types)\.tsx?$/.test(file));
    expect(wrong).toEqual([]);
  });

  it('reads process.env and argv only in main and commands, and exits only in main', () => {
    const wrong = production.filter((file) => file.startsWith('pkg/')).flatMap(processUses);
    expect(wrong).toEqual([]);
  });

  it('keeps timers in the archiver, the faces and the rooms that bound their waiting with them', () => {
    const wrong = production
      .filter((file) => /^pkg\/(core|promql)\//.test(file))
      .filter((file) => /\bset(Timeout|Interval)\(|\bDate\.now\(/.test(read(file)));
    expect(wrong).toEqual([]);
  });
});

function processUses(file: string): string[] {
  const text = stripComments(read(file));
  const faults: string[] = [];
  if (/\bprocess\.(env|argv)\b/.test(text) && !/^pkg\/(main\.ts|commands\/)/.test(file)) {
    faults.push(`${file} reads process.env or process.argv`);
  }
  if (/\bprocess\.exit\b/.test(text) && file !== 'pkg/main.ts') {
    faults.push(`${file} calls process.exit`);
  }
  return faults;
}

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function listSources(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => path.relative(root, path.join(folder, name)).split(path.sep).join('/'))
    .sort();
}

function read(file: string): string {
  return fs.readFileSync(path.join(root, file), 'utf8');
}

function importsOf(file: string): Import[] {
  return ts
    .preProcessFile(read(file), true, true)
    .importedFiles.map(({ fileName }) => ({ file, specifier: fileName, target: resolveOwn(file, fileName) }));
}

function resolveOwn(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) {
    return undefined;
  }
  const base = path.posix.join(path.posix.dirname(file), specifier);
  const found = ['', '.ts', '.tsx', '/index.ts'].map((ending) => base + ending).find((name) => isFile(name));
  return found ?? base;
}

function isFile(name: string): boolean {
  return fs.statSync(path.join(root, name), { throwIfNoEntry: false })?.isFile() ?? false;
}

function roomOf(file: string): Room | undefined {
  return ROOMS.find(({ folder }) => file.startsWith(`${folder}/`));
}

function describeImport({ file, specifier }: Import): string {
  return `${file} imports ${specifier}`;
}

/** Every cycle once, as `a → b → a`, by depth-first search over the import graph. */
function findCycles(all: Import[]): string[] {
  const edges = new Map<string, string[]>();
  for (const { file, target } of all) {
    if (target) {
      edges.set(file, [...(edges.get(file) ?? []), target]);
    }
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      cycles.push([...trail.slice(at), file].join(' → '));
      return;
    }
    if (!done.has(file)) {
      (edges.get(file) ?? []).forEach((next) => visit(next, [...trail, file]));
      done.add(file);
    }
  };
  [...edges.keys()].forEach((file) => visit(file, []));
  return cycles;
}
