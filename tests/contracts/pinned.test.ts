import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** A tag can be moved by whoever holds the account it belongs to; a digest or a commit cannot. Sources: docs/supply-chain.md. */
const root = path.resolve(__dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Images without a digest that two sources agree on, and why there is none. */
const EXCEPTIONS: Record<string, string> = {
  'grafana/grafana:12.4.0-ubuntu':
    'Grafana publishes no list of digests, and no two independent sources name one for a 12.4 image with glibc',
};

const IMAGE = /^[a-z0-9./_-]+:v?\d+\.\d+\.?\d*(-[a-z]+)*@sha256:[0-9a-f]{64}$/;
const ACTION = /^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/;

interface Step {
  uses?: string;
}
interface Workflow {
  jobs: Record<
    string,
    { container?: string; uses?: string; services?: Record<string, { image: string }>; steps?: Step[] }
  >;
}
interface Compose {
  services: Record<string, { image: string; build?: unknown }>;
}

const folder = '.github/workflows';
const jobs = readdirSync(path.join(root, folder)).flatMap((name) => {
  const workflow: Workflow = parse(read(`${folder}/${name}`));
  return Object.values(workflow.jobs);
});
const compose: Compose = parse(read('docker-compose.yaml'), { merge: true });
const stages = [...read('Dockerfile').matchAll(/^FROM (?:--platform=\S+ )?(\S+)(?: AS (\S+))?/gim)];
const ownStages = stages.map(([, , name]) => name);

const images = [
  ...stages.map(([, image]) => image).filter((image) => !ownStages.includes(image)),
  ...[...read('Dockerfile').matchAll(/--from=(\S+)/g)]
    .map(([, from]) => from)
    .filter((from) => !ownStages.includes(from)),
  ...Object.values(compose.services).flatMap(({ image, build }) => (build === undefined ? [image] : [])),
  ...jobs.flatMap(({ container, services = {} }) => [
    ...(container === undefined ? [] : [container]),
    ...Object.values(services).map(({ image }) => image),
  ]),
];
const actions = jobs.flatMap(({ uses, steps = [] }) =>
  [uses, ...steps.map((step) => step.uses)].filter((one) => one !== undefined)
);

describe('whoever moves a tag of somebody else’s image or action', () => {
  it('changes no image: each is named by its digest', () => {
    expect(images.length).toBeGreaterThan(10);
    const loose = images.filter((image) => !IMAGE.test(image));
    expect([...new Set(loose)]).toEqual(Object.keys(EXCEPTIONS));
  });

  it('changes no action: each is named by its commit, with its release beside it', () => {
    expect(actions.length).toBeGreaterThan(2);
    expect(actions.filter((action) => !ACTION.test(action))).toEqual([]);
    const lines = read(`${folder}/ci.yml`)
      .split('\n')
      .filter((line) => line.includes('uses:'));
    lines.forEach((line) => expect(line).toMatch(/ # v\d+\.\d+\.\d+$/));
  });

  it('finds the pins and the gaps of docs/supply-chain.md', () => {
    const doc = read('docs/supply-chain.md');
    for (const name of [...images, ...actions]) {
      expect(doc).toContain(name.slice(name.indexOf('@') + 1));
    }
  });
});

describe('the supported Node', () => {
  it('is the same everywhere', () => {
    const [, version, major] = /NODE_VERSION = '((\d+)\.\d+\.\d+)'/.exec(read('scripts/node/nodeBinary.mjs')) ?? [];
    const { engines }: { engines: { node: string } } = JSON.parse(read('package.json'));
    expect(engines.node).toBe(`>=${major}`);
    expect(read('.nvmrc').trim()).toBe(major);
    const nodes = images.filter((image) => image.startsWith('node:'));
    expect(nodes).toHaveLength(3);
    nodes.forEach((image) => expect(image).toContain(`node:${version}-bookworm`));
  });
});
