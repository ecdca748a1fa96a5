import * as paths from './resourcePaths';

describe('resource paths', () => {
  it('all lie below the prefix, so that none can be taken for a path of Prometheus', () => {
    const { RESOURCE_PREFIX, ...resources } = paths;
    expect(RESOURCE_PREFIX).toMatch(/^[a-z]+\/$/);
    for (const path of Object.values(resources)) {
      expect(path.startsWith(`${RESOURCE_PREFIX}api/`)).toBe(true);
    }
  });
});
