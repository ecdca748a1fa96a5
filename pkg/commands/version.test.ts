import { version } from '../../package.json';
import { VERSION } from './version';

it('is the version of package.json', () => {
  expect(VERSION).toBe(version);
});
