import grafana from '@grafana/eslint-config';
import regexp from 'eslint-plugin-regexp';

const noConsole = { 'no-console': ['error', { allow: ['warn', 'error'] }] };

export default [
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'artifacts/**', '.promkeep/**', '.cache/**'] },
  ...grafana,
  {
    files: ['**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      // The automatic JSX runtime imports what it needs.
      'react/react-in-jsx-scope': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    // A pattern meets texts of strangers sooner or later, and one that takes time with the square of their length stops everybody.
    files: ['{src,pkg}/**/*.{ts,tsx}'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignorePartial: false }],
    },
  },
  {
    // What a reader can hold at once; tests tell a story and may be as long as it takes.
    files: ['{src,pkg}/**/*.{ts,tsx}'],
    ignores: ['**/*.test.{ts,tsx}'],
    rules: {
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 60],
      'max-params': ['error', 4],
      complexity: ['error', 20],
    },
  },
  {
    files: ['src/**/*.tsx'],
    ignores: ['**/*.test.tsx'],
    rules: { 'max-lines-per-function': ['error', 100] },
  },
  {
    // stdout belongs to the plugin handshake
    files: ['pkg/**/*.ts'],
    rules: { ...noConsole, 'no-console': 'error' },
  },
  {
    // Node code has no component in it; hooks rules would only misread `use…` names.
    files: ['pkg/**/*.ts', 'scripts/**', 'tests/**', 'bench/**', 'examples/**'],
    rules: { 'react-hooks/rules-of-hooks': 'off' },
  },
];
