import { compileMatchers } from './matchLabels';

describe('compileMatchers', () => {
  const labels = { __name__: 'up', job: 'node', instance: 'h:1' };

  it('takes an absent label as the empty text', () => {
    expect(compileMatchers([{ name: 'zone', operator: '=', value: '' }])(labels)).toBe(true);
    expect(compileMatchers([{ name: 'zone', operator: '!=', value: 'eu' }])(labels)).toBe(true);
    expect(compileMatchers([{ name: 'zone', operator: '=~', value: '.+' }])(labels)).toBe(false);
    expect(compileMatchers([{ name: 'constructor', operator: '=', value: '' }])(labels)).toBe(true);
    expect(compileMatchers([{ name: 'job', operator: '!~', value: 'n.*' }])(undefined)).toBe(true);
  });

  it('wants all of them to hold', () => {
    const both = compileMatchers([
      { name: 'job', operator: '=~', value: 'node|db' },
      { name: 'instance', operator: '!~', value: 'h:2' },
    ]);
    expect(both(labels)).toBe(true);
    expect(both({ ...labels, instance: 'h:2' })).toBe(false);
  });
});
