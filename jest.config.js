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
};

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testEnvironment: 'node',
      testMatch: [
        '<rootDir>/{pkg,src/contract,scripts,examples}/**/*.test.ts',
        '<rootDir>/tests/contracts/**/*.test.ts',
      ],
    },
    {
      ...shared,
      displayName: 'dom',
      testEnvironment: 'jsdom',
      testMatch: ['<rootDir>/src/{datasource,panel,dashboard}/**/*.test.{ts,tsx}'],
      setupFilesAfterEnv: ['<rootDir>/jest.setup.dom.ts'],
      transformIgnorePatterns: [`/node_modules/(?!.*(${esModules.join('|')})/.*)`],
      moduleNameMapper: {
        '\\.css$': 'identity-obj-proxy',
        '^monaco-promql$': '<rootDir>/src/datasource/monacoPromqlStub.ts',
        publicPath$: '<rootDir>/tests/fakes/empty.ts',
        'react-inlinesvg': '<rootDir>/tests/fakes/inlineSvg.cjs',
      },
    },
    {
      ...shared,
      displayName: 'architecture',
      testEnvironment: 'node',
      testMatch: ['<rootDir>/tests/architecture.test.ts'],
    },
    {
      ...shared,
      displayName: 'integration',
      testEnvironment: 'node',
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
