import { RAW_STEP_MS } from '../../pkg/core/model/rawSeries';
import { type StoredDefinition, type DefinitionEdit } from '../../pkg/core/ports/definitions';
import { type Begin, describeContract, live, type Open, QUERY, seriesOf, span, writing } from './underTest';

/** What every `Definitions` promises [A13]. */
export function describeDefinitionsContract(name: string, begin: Begin): void {
  describeContract(`definitions contract: ${name}`, begin, (open) => {
    describeEditing(open);
    describeProvisioning(open);
    describeDeleting(open);
    describeKinds(open);
  });
}

function editOf({ name, revision }: StoredDefinition, by = 'eva'): DefinitionEdit {
  return { name, revision, by };
}

function describeEditing(open: Open): void {
  it('remembers who made a query and who changed it', async () => {
    const { definitions } = await open();
    const made = await definitions.create(QUERY, 'eva');
    expect(made).toMatchObject({ ...QUERY, version: 1, revision: 1, createdBy: 'eva', updatedBy: 'eva' });
    expect(made).toMatchObject({ provisioned: false, paused: false });
    const changed = await definitions.change(editOf(made, 'adam'), { retention: '2y', paused: true });
    expect(changed).toMatchObject({ version: 1, retention: '2y', paused: true, createdBy: 'eva', updatedBy: 'adam' });
    expect(await definitions.list()).toEqual([changed]);
    expect(changed.revision).toBeGreaterThan(made.revision);
  });

  it('starts a new version with another expression or step, of which nothing is covered yet', async () => {
    const { definitions, ledger } = await open();
    const made = await definitions.create(QUERY, 'eva');
    await ledger.cover({ definition: QUERY, covered: [span(0, 1)], gaps: [] });
    const changed = await definitions.change(editOf(made), { expression: 'up == 1' });
    expect(changed.version).toBe(2);
    expect(await ledger.coverage(QUERY.name)).toEqual([]);
    const wider = await definitions.change(editOf(changed), { stepMs: 2 * QUERY.stepMs });
    expect(wider).toMatchObject({ version: 3, expression: 'up == 1', stepMs: 2 * QUERY.stepMs });
  });

  it('refuses an edit that was made from an older revision', async () => {
    const { definitions } = await open();
    const made = await definitions.create(QUERY, 'eva');
    await definitions.change(editOf(made), { paused: true });
    const conflict = { code: 'CONFLICT' };
    await expect(definitions.change(editOf(made, 'adam'), { paused: false })).rejects.toMatchObject(conflict);
    await expect(definitions.remove(editOf(made, 'adam'), false)).rejects.toMatchObject(conflict);
  });

  it('refuses a taken name, an unknown query, and changes of provisioned ones', async () => {
    const { definitions } = await open();
    await definitions.provision([{ ...QUERY, name: 'file' }]);
    await definitions.create(QUERY, 'eva');
    await expect(definitions.create(QUERY, 'eva')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(definitions.create({ ...QUERY, name: 'file' }, 'eva')).rejects.toMatchObject({ code: 'CONFLICT' });
    const missing = { name: 'nothing', revision: 1, by: 'eva' };
    await expect(definitions.change(missing, { paused: true })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [, file] = await definitions.list();
    expect(file).toMatchObject({ name: 'file', provisioned: true });
    const refused = { code: 'FORBIDDEN', message: expect.stringContaining('config file') };
    await expect(definitions.change(editOf(file), { paused: true })).rejects.toMatchObject(refused);
    await expect(definitions.remove(editOf(file), false)).rejects.toMatchObject(refused);
  });

  // [A12]
  it('keeps organisations apart: neither sees nor changes what the other records', async () => {
    const [{ definitions: mine }, { definitions: theirs }] = [await open(), await open({ orgId: 2 })];
    const made = await mine.create(QUERY, 'eva');
    expect(await theirs.list()).toEqual([]);
    await expect(theirs.change(editOf(made), { paused: true })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(theirs.remove(editOf(made), true)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await theirs.create({ ...QUERY, expression: '1' }, 'bob')).toMatchObject({ expression: '1' });
    expect(await mine.list()).toEqual([made]);
  });
}

function describeProvisioning(open: Open): void {
  it('leaves queries made in Grafana alone when a config file without them is provisioned', async () => {
    const { definitions } = await open();
    await definitions.create(QUERY, 'eva');
    await definitions.provision([{ ...QUERY, name: 'file' }]);
    await definitions.provision([]);
    const states = (await definitions.list()).map(({ name, paused, provisioned }) => [name, paused, provisioned]);
    expect(states).toEqual([
      [QUERY.name, false, false],
      ['file', true, true],
    ]);
  });

  it('takes up again what a config file names again, and changes nothing when it comes twice', async () => {
    const { definitions } = await open();
    await definitions.provision([QUERY]);
    const before = await definitions.list();
    await definitions.provision([QUERY]);
    expect(await definitions.list()).toEqual(before);
    await definitions.provision([]);
    await definitions.provision([{ ...QUERY, expression: 'up == 1' }]);
    expect(await definitions.list()).toMatchObject([{ expression: 'up == 1', version: 2, paused: false }]);
  });
}

function describeDeleting(open: Open): void {
  it('ends a query at once, and goes on with its data under the same name', async () => {
    const { definitions, ledger } = await open();
    const made = await definitions.create(QUERY, 'eva');
    await ledger.cover({ definition: QUERY, covered: [span(0, 2)], gaps: [] });
    await definitions.remove(editOf(made), false);
    expect([await definitions.list(), await definitions.pending()]).toEqual([[], []]);
    await definitions.create(QUERY, 'adam');
    expect(await ledger.coverage(QUERY.name)).toEqual([span(0, 2)]);
  });

  // [A15]
  it('lets data wait for its date, and gives the query back until then', async () => {
    const { definitions, samples } = await open();
    const made = await definitions.create(QUERY, 'eva');
    await samples.writeRange(writing([seriesOf({}, [1])]), live());
    await definitions.remove(editOf(made), true);
    expect(await definitions.list()).toEqual([]);
    const waiting = { what: 'data', query: QUERY.name, wanted: 'deleted', by: 'grafana:eva' };
    expect(await definitions.pending()).toEqual([expect.objectContaining(waiting)]);
    await definitions.takeBack(QUERY.name, 'adam');
    expect(await definitions.pending()).toEqual([]);
    expect(await definitions.list()).toMatchObject([{ name: QUERY.name, paused: false, version: 1 }]);
  });

  // [A15]
  it('deletes at once when that is asked for, and only what waits', async () => {
    const { definitions, ledger, samples } = await open();
    const made = await definitions.create(QUERY, 'eva');
    await samples.writeRange(writing([seriesOf({}, [1])]), live());
    await definitions.remove(editOf(made), true);
    expect(await definitions.carryOut(QUERY.name, 'adam', live())).toBe(true);
    expect([await definitions.pending(), await ledger.entries()]).toEqual([[], []]);
    const missing = { code: 'NOT_FOUND' };
    await expect(definitions.carryOut(QUERY.name, 'adam', live())).rejects.toMatchObject(missing);
    await expect(definitions.takeBack(QUERY.name, 'adam')).rejects.toMatchObject(missing);
  });
}

function describeKinds(open: Open): void {
  const RAW = { name: 'node', expression: '{job="node"}\nup', stepMs: RAW_STEP_MS, retention: '2y', raw: true };

  it('says which definitions keep raw series, in the ledger as well', async () => {
    const { definitions, ledger } = await open();
    expect(await definitions.create(RAW, 'eva')).toMatchObject(RAW);
    await definitions.provision([QUERY, { ...RAW, name: 'file' }]);
    await ledger.cover({ definition: { ...RAW, name: 'written' }, covered: [], gaps: [] });
    const kinds = [
      [QUERY.name, undefined],
      ['file', true],
      ['node', true],
      ['written', true],
    ];
    expect((await definitions.list()).map((one) => [one.name, one.raw]).filter(([name]) => name !== 'written')).toEqual(
      kinds.slice(0, 3)
    );
    expect((await ledger.entries()).map((one) => [one.name, one.raw])).toEqual(kinds);
  });

  it('lets a name be of one kind only, also that of a deleted one', async () => {
    const { definitions, ledger } = await open();
    await definitions.create(QUERY, 'eva');
    const made = await definitions.create(RAW, 'eva');
    const conflict = (name: string): object => ({ code: 'CONFLICT', message: expect.stringContaining(name) });
    await expect(definitions.create({ ...RAW, name: QUERY.name }, 'eva')).rejects.toMatchObject(conflict(QUERY.name));
    const other = { ...QUERY, name: 'node' };
    await expect(definitions.provision([other])).rejects.toMatchObject(conflict('node'));
    const covering = ledger.cover({ definition: other, covered: [], gaps: [] });
    await expect(covering).rejects.toMatchObject(conflict('node'));
    await definitions.remove(editOf(made), false);
    await expect(definitions.create(other, 'eva')).rejects.toMatchObject(conflict('node'));
    await expect(definitions.provision([other])).rejects.toMatchObject(conflict('node'));
    expect(await definitions.create(RAW, 'eva')).toMatchObject({ name: 'node', raw: true });
  });
}
