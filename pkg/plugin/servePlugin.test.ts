import fs from 'node:fs';
import { oneValue, pause, PluginRig, wireQuery } from '../../tests/fakes/pluginRig';
import { servePlugin } from './servePlugin';

const doNothing = (): void => undefined;

let rig: PluginRig;

beforeEach(async () => {
  rig = new PluginRig();
  await rig.start();
});

afterEach(() => rig.stop());

describe('the handshake', () => {
  // [P2]
  it('is one line that names a socket only its owner can reach', () => {
    expect(rig.lines).toEqual([`1|2|unix|${rig.plugin.socketPath}|grpc|\n`]);
    expect(fs.statSync(rig.plugin.socketPath.replace(/\/[^/]*$/, '')).mode & 0o777).toBe(0o700);
  });

  // [P1]
  it.each([
    ['a person', { magicCookie: undefined }, 'Grafana starts it'],
    ['a host of another protocol', { protocolVersions: '3,4' }, 'this plugin speaks 2'],
    ['a host that demands encryption and shows no certificate', { clientCert: 'PEM' }, 'AutoMTLS'],
  ])('refuses %s before it writes anything', async (_who, host, text) => {
    const other = new PluginRig();
    await expect(servePlugin(other.options(host))).rejects.toThrow(text);
    expect(other.lines).toEqual([]);
  });

  // [P2]
  it('tells a host that wants multiplexing that there is none', async () => {
    const other = await servePlugin(rig.options({ multiplex: 'true' }));
    expect(rig.lines[1]).toBe(`1|2|unix|${other.socketPath}|grpc||false\n`);
    await other.stop(0);
  });

  it('names the remedy when the directory is too long for a socket', async () => {
    const socketDir = '/' + 'x'.repeat(100);
    await expect(servePlugin(rig.options({ socketDir }))).rejects.toThrow('TMPDIR');
  });
});

describe('the life cycle', () => {
  it('answers Shutdown, disposes of the instances, removes the socket and exits with 0 in time', async () => {
    rig.instance.answer = async () => new Map([['A', oneValue(1)]]);
    await rig.queryData([wireQuery('A')]);
    const start = Date.now();
    await expect(rig.call('plugin.GRPCController', 'Shutdown', {})).resolves.toEqual({});
    await rig.plugin.stop(0);
    expect(Date.now() - start).toBeLessThan(2000);
    expect([rig.exits, rig.instance.disposed, fs.existsSync(rig.plugin.socketPath)]).toEqual([[0], true, false]);
  });

  it('stops in time although a query and a dispose hang', async () => {
    rig.instance.answer = () => new Promise(doNothing);
    const hanging = rig.queryData([wireQuery('A')]).catch(doNothing);
    await pause(50);
    const start = Date.now();
    rig.events.emit('SIGTERM');
    await rig.plugin.stop(0);
    expect(Date.now() - start).toBeLessThan(1900);
    expect(rig.exits).toEqual([0]);
    await hanging;
  });

  // [P12]
  it('ignores SIGINT, because Ctrl-C reaches Grafana and its plugins alike', async () => {
    expect(rig.events.emit('SIGINT')).toBe(true);
    await pause(50);
    expect(rig.exits).toEqual([]);
  });

  // [P12]
  it('exits when its parent is gone, which a killed Grafana does not announce', async () => {
    rig.parentPid = 1;
    for (let i = 0; i < 100 && rig.exits.length === 0; i++) {
      await pause(20);
    }
    expect(rig.exits).toEqual([0]);
  });

  // [P12]
  it('exits when nobody reads its log any more', () => {
    rig.pipe.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(rig.exits).toEqual([0]);
  });

  it('exits with 1 after a crash, so that Grafana starts it anew', () => {
    rig.events.emit('uncaughtException', new Error('boom'));
    expect([rig.exits, fs.existsSync(rig.plugin.socketPath)]).toEqual([[1], false]);
  });
});
