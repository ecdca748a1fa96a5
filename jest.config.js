// @ts-check
process.env.TZ = 'UTC';

/** Packages that ship ES modules only; everything else in node_modules is left as it is. */
const esModules = [
  'marked',
  'd3-interpolate',
  'd3-color',
  'd3-scale-chromatic',
  'react-calendar',
  'get-user-locale',
  'memoize',
  'mimic-function',
  '@wojtekmaj/date-utils',
  'uuid',
  '@marcbachmann/cel-js',
];

/** The same for Node code. */
const esModulesOfNode = ['pbf', 'hysnappy'];

/** @type {import('@swc/types').Options} */
const swc = {
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', tsx: true },
    transform: { react: { runtime: 'automatic' } },
  },
};

const shared = {
  transform: { '^.+\\.(m|c)?[jt]sx?$': ['@swc/jest', swc] },
  resetMocks: true,
  // packages that scripts have fetched
  modulePathIgnorePatterns: ['<rootDir>/.cache/'],
};

const node = {
  ...shared,
  testEnvironment: 'node',
  transformIgnorePatterns: [`/node_modules/(?!(${esModulesOfNode.join('|')})/)`],
};

const dom = {
  ...shared,
  displayName: 'dom',
  globals: { REACT_MAJOR: 18 },
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/src/{datasource,panel,dashboard}/**/*.test.{ts,tsx}'],
  setupFilesAfterEnv: ['<rootDir>/jest.setup.dom.ts'],
  transformIgnorePatterns: [`/node_modules/(?!.*(${esModules.join('|')})/.*)`],
  moduleNameMapper: {
    '\\.css$': 'identity-obj-proxy',
    '^monaco-promql$': '<rootDir>/src/datasource/query/monacoPromqlStub.ts',
    publicPath$: '<rootDir>/tests/fakes/empty.ts',
    'react-inlinesvg': '<rootDir>/tests/fakes/inlineSvg.cjs',
  },
};

/** Grafana 13.2 runs plugins on React 19: the same tests with that in its place, for our code and for all packages. */
const dom19 = {
  ...dom,
  displayName: 'dom19',
  globals: { REACT_MAJOR: 19 },
  moduleNameMapper: {
    '^react$': '<rootDir>/node_modules/react-19',
    '^react/(.*)$': '<rootDir>/node_modules/react-19/$1',
    '^react-dom$': '<rootDir>/node_modules/react-dom-19',
    '^react-dom/(.*)$': '<rootDir>/node_modules/react-dom-19/$1',
    ...dom.moduleNameMapper,
  },
};

/** @type {import('jest').Config} */
module.exports = {
  testSequencer: '<rootDir>/tests/slowestFirst.cjs',
  projects: [
    {
      ...node,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{pkg,src/contract,scripts,examples}/**/*.test.ts',
        '<rootDir>/tests/contracts/**/*.test.ts',
      ],
    },
    dom,
    dom19,
    {
      ...shared,
      displayName: 'architecture',
      testEnvironment: 'node',
      testMatch: ['<rootDir>/tests/architecture.test.ts'],
    },
    {
      ...node,
      displayName: 'integration',
      testMatch: ['<rootDir>/tests/integration/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'browser',
      testEnvironment: 'node',
      testMatch: ['<rootDir>/tests/browser/**/*.test.ts'],
    },
  ],
};
