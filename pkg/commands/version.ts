/** As in package.json, which a test compares; the bundle has no package.json beside it. */
export const VERSION = '0.1.0';
