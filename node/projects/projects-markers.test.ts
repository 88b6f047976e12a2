import { describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Synced } from '../../actors/node/converge/ports.ts';
import { createProjects } from './projects.ts';
import { address, clock, home, inHome, modeOf, names, never, projects, reference, refused, root, synced, upload, useProjectsStage, write } from './testing/projects-stage.ts';

useProjectsStage();

const standings = ({ steps }: Synced): readonly string[] => steps.map(({ standing }) => standing);

describe('references that are refused', () => {
  test.each([
    ['../x', '1.0.0', 'default', "'../x' cannot be the name of a project"],
    ['demo', '..', 'default', "'..' cannot be the name of a version"],
    ['demo', '1.0.0', 'a/b', "'a/b' cannot be the name of a spec"],
    ['', '1.0.0', 'default', "'' cannot be the name of a project"],
    ['x'.repeat(101), '1.0.0', 'default', `'${'x'.repeat(60)}…' cannot be the name of a project`],
    ['demo', '1.0.0', 'blobs', "a spec cannot be called 'blobs'"],
  ])('%j %j %j', async (project, version, spec, message) => {
    expect((await refused([{ project, version, spec }])).message.startsWith(message)).toBe(true);
  });

  test.each([
    ['az://account/container?sig=secret', 'lockers of scheme az:// are not known: file:// is'],
    ['file://host/x', "a folder locker's address is file:// and an absolute path"],
    ['file:relative', "a folder locker's address is file:// and an absolute path"],
    ['file:///a%00b', "a folder locker's address is file:// and an absolute path"],
    ['file:///a%2Fb', "a folder locker's address is file:// and an absolute path"],
    ['/locker', "a locker's address must begin with its scheme: file:// is known"],
  ])('a locker %s', async (from, message) => {
    expect(await refused([reference('default')], from)).toEqual({ code: 'project_unusable', message });
    expect(await refused([reference('default', { locker: from })])).toEqual({ code: 'project_unusable', message });
  });

  test('no locker at all', async () => {
    const result = await projects().sync([reference('default')], undefined, never);
    expect(result).toEqual({ ok: false, error: { code: 'project_unusable', message: "project 'demo' names no locker, and cyclecloud.locker is not set" } });
  });

  test('one project in two versions, or from two lockers', async () => {
    expect((await refused([reference('a'), reference('b', { version: '2' })])).message).toBe("project 'demo' is listed in versions 1.0.0 and 2: a node takes one");
    expect((await refused([reference('a'), reference('b', { locker: 'file:///other' })])).message).toBe("project 'demo' is listed from two lockers: a node takes it from one");
  });

  test('a project.ini that speaks of another project or version', async () => {
    upload({});
    const ini = path.join(root(), 'project.ini');
    writeFileSync(ini, '[project]\nname = other\nversion = 1.0.0\n');
    expect((await refused()).message).toBe(`${ini} says name 'other', but the project stands under the name 'demo'`);
    writeFileSync(ini, '[project]\nname = demo\nversion = 1.0.1\n');
    expect((await refused()).message).toBe(`${ini} says version '1.0.1', but the project stands under version '1.0.0'`);
  });
});

describe('a marker', () => {
  const by = { run: 'run-1', job: 'job-1' };
  const mark = async (): Promise<void> => {
    upload({ 'default/scripts/a.sh': 'one', 'default/scripts/b.sh': 'x' });
    const { steps } = await synced();
    expect(await projects().mark(steps[0]!, by)).toEqual({ ok: true, value: undefined });
  };
  const marker = (): string => inHome('.run', 'demo', 'default', 'scripts', 'a.sh.run');

  test('says that its script has run, when, in which version and where', async () => {
    await mark();
    expect(JSON.parse(readFileSync(marker(), 'utf8'))).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/), instanceId: 'instance-1', at: clock.now(), version: '1.0.0', run: 'run-1', job: 'job-1' });
    expect([modeOf(marker()), modeOf(inHome('.run'))]).toEqual(['640', '750']);
    const result = await synced();
    expect(standings(result)).toEqual(['has run', 'will run']);
    expect(result.steps[0]?.ranIn).toBe('run-1');
    expect(await projects().endedWell({ id: 'job-1', project: 'demo', spec: 'default', script: 'a.sh' })).toBe(true);
    expect(await projects().endedWell({ id: 'job-2', project: 'demo', spec: 'default', script: 'a.sh' })).toBe(false);
    expect(await projects().endedWell({ id: 'job-1', project: 'demo', spec: 'default', script: 'b.sh' })).toBe(false);
  });

  test.each<[string, () => void, string, string]>([
    ['its script has other content', () => upload({ 'default/scripts/a.sh': 'two' }), 'instance-1', 'changed since it ran'],
    ['it is another machine', () => undefined, 'instance-2', 'will run'],
    ['it is deleted', () => rmSync(marker()), 'instance-1', 'will run'],
    ['only the version is new', () => (renameSync(root(), root('demo', '1.0.1')), write(path.join(root('demo', '1.0.1'), 'project.ini'), '[project]\nname=demo\nversion=1.0.1')), 'instance-1', 'has run'],
  ])('when %s, that is what the plan says', async (_what, change, instanceId, expected) => {
    await mark();
    change();
    const version = existsSync(root()) ? '1.0.0' : '1.0.1';
    const planned = await projects(instanceId).plan([reference('default', { version })], address(), never);
    expect(planned.ok && standings(planned.value)).toEqual([expected, 'will run']);
    expect(planned.ok && planned.value.steps[0]?.ranIn).toBe(expected === 'has run' ? 'run-1' : undefined);
  });

  test('stands also when the machine only goes by another id now', async () => {
    await mark();
    const planned = await createProjects({ home, instanceId: 'instance-2', knownAs: ['instance-1'], clock }).plan([reference('default')], address(), never);
    expect(planned.ok && standings(planned.value)).toEqual(['has run', 'will run']);
    expect(planned.ok && planned.value.warnings).toEqual([]);
    // From then on it is that of the new id, and nothing else about it has changed.
    expect(standings(await synced(undefined, projects('instance-2')))).toEqual(['has run', 'will run']);
    expect(standings(await synced(undefined, projects('instance-1')))).toEqual(['will run', 'will run']);
    expect(JSON.parse(readFileSync(marker(), 'utf8'))).toMatchObject({ instanceId: 'instance-2', run: 'run-1' });
  });

  test('that cannot be made the new id\'s is a warning, and stands', async () => {
    await mark();
    mkdirSync(inHome('.run/demo/default/scripts/.new/in the way'), { recursive: true });
    const planned = await createProjects({ home, instanceId: 'instance-2', knownAs: ['instance-1'], clock }).plan([reference('default')], address(), never);
    expect(planned.ok && [standings(planned.value), planned.value.warnings]).toEqual([['has run', 'will run'], [expect.stringMatching(/^the marker .+ cannot be written \(E\w+\)$/)]]);
  });

  test.each(['', '{', '[]', 'null', '{"sha256": 1}', '\u{FFFD}'.repeat(20_000)])('that is damaged counts as none, with a warning: %#', async (text) => {
    await mark();
    writeFileSync(marker(), text);
    const result = await synced();
    expect(standings(result)).toEqual(['will run', 'will run']);
    expect(result.warnings).toEqual([`the marker ${marker()} is damaged and counts as none`]);
    await projects().mark(result.steps[0]!, by);
    expect(standings(await synced())).toEqual(['has run', 'will run']);
  });

  test('that cannot be written is a value', async () => {
    await mark();
    rmSync(inHome('.run'), { recursive: true });
    writeFileSync(inHome('.run'), 'in the way');
    const planned = await projects().plan([reference('default')], address(), never);
    expect(planned.ok && (await projects().mark(planned.value.steps[0]!, by))).toMatchObject({ ok: false, error: { code: 'state_unwritable' } });
  });
});

test('a plan changes nothing in the home', async () => {
  upload({ 'default/scripts/a.sh': 'x' });
  const planned = await projects().plan([reference('default')], address(), never);
  expect(planned.ok && names(planned.value)).toEqual(['default/a.sh']);
  expect(readdirSync(home)).toEqual([]);
});
