// In place of pkg/archive/schema/readSql.ts in a bundle: the texts are in it, see nodeConfig.mjs.
const texts = require.context('../../pkg/archive/schema', true, /\.sql$/);

/** @param {string} name of a file below pkg/archive/schema */
export const readSql = (name) => texts(`./${name}`);
