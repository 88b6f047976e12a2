// A converge on a real machine: projects in a folder, scripts in bash and Python, processes that are ended.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AskConfiguration } from '../../actors/node/config/messages.ts';
import { converge } from '../../actors/node/converge/converge.ts';
import type { ConvergeMessage, ConvergeReport, PhaseEntered } from '../../actors/node/converge/messages.ts';
import type { RunChecks } from '../../actors/node/health/healthcheck.ts';
import type { DrainPending } from '../../actors/node/messaging/messaging.ts';
import { MemoryState } from '../../actors/node/testing/memory-state.ts';
import type { Reply } from '../../actors/ref.ts';
import type { Incarnation } from '../../actors/system.ts';
import { probe, type Probe } from '../../actors/testing/probe.ts';
import { createWorld, type World } from '../../actors/testing/world.ts';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { systemRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { Card } from '../../protocol/card.ts';
import type { Result } from '../../protocol/result.ts';
import { createScriptRunner } from '../scripts/run-script.ts';
import { createProjects } from './projects.ts';

let folder: string;
let home: string;
let state: MemoryState;
let world: World;
let sync: Probe<PhaseEntered>;
let incarnation: Incarnation;

const script = (name: string, text: string, mode = 0o755): void => {
  const file = path.join(folder, 'locker', 'projects', 'demo', '1.0.0', 'specs', 'default', 'cluster-init', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
};

const life = (searched = process.env['PATH']): void => {
  world = createWorld();
  const { system } = world;
  sync = probe<PhaseEntered>(system, 'sync');
  const locker = pathToFileURL(path.join(folder, 'locker')).href;
  const config = probe<AskConfiguration>(system, 'config', ({ observer }) =>
    system.tell(observer, { type: 'configured', revision: 1, source: 'server', specs: [{ project: 'demo', version: '1.0.0', spec: 'default' }], locker, tree: {} }),
  );
  const definition = converge({
    projects: createProjects({ home, instanceId: 'here', clock: systemClock }),
    scripts: createScriptRunner({ clock: systemClock, logger: silentLogger, env: { PATH: searched, JETPACK_AMQP_URL: 'amqp://secret' }, graceMs: 200 }),
    metadataDoor: { isClosed: () => false, set: async () => ({ ok: true, value: undefined }) },
    state,
    config: config.ref,
    healthcheck: probe<RunChecks>(system, 'healthcheck', ({ reply }) => reply({ ok: true, value: { checks: [] } })).ref,
    messaging: probe<DrainPending>(system, 'messaging').ref,
    sync: sync.ref,
    home,
    binFolder: path.join(folder, 'bin'),
    searchPath: process.env['PATH'] ?? '',
    times: { bootGraceMs: 10_000, scriptTimeoutMs: 30_000 },
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  incarnation = system.spawn('converge', definition, { shutdownMs: 10_000, onCrash: () => 'end' });
};

const ended = (): Promise<string> => waitFor('the converge to end', () => sync.received.find(({ phase }) => phase !== 'converging')?.phase);

const cardOf = (): Card | undefined => state.reports.map(({ event }) => (event.kind === 'converge' ? event.failure : undefined)).find((card) => card !== undefined);

const lines = (name: string): readonly string[] => (existsSync(path.join(home, name)) ? readFileSync(path.join(home, name), 'utf8').trimEnd().split('\n') : []);

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'converge-'));
  home = path.join(folder, 'home');
  mkdirSync(home);
  state = new MemoryState();
  const project = path.join(folder, 'locker', 'projects', 'demo', '1.0.0');
  mkdirSync(path.join(project, 'blobs'), { recursive: true });
  writeFileSync(path.join(project, 'blobs', 'banner.txt'), 'welcome\n');
  writeFileSync(path.join(project, 'project.ini'), '[project]\nname = demo\nversion = 1.0.0\n[blobs]\nFiles = banner.txt\n');
});

afterEach(async () => {
  await incarnation.end();
  world.system.stop();
  rmSync(folder, { recursive: true });
});

test('scripts in bash and Python run in order, find their files and blobs, and are logged', async () => {
  script('files/text', 'from a file\n');
  script('scripts/10-bash.sh', '#!/bin/bash\nset -eu\ncat ../files/text "$CYCLECLOUD_PROJECT_PATH/blobs/banner.txt" | tee "$JETPACK_HOME/out"\necho "${PATH%%:*}" >> "$JETPACK_HOME/out"\n');
  script('scripts/20-python.py', '#!/usr/bin/env python3\nimport os\nwith open(os.environ["JETPACK_HOME"] + "/out", "a") as out:\n    out.write(os.environ["CYCLECLOUD_SPEC_NAME"] + " " + str(os.environ.get("JETPACK_AMQP_URL")) + "\\n")\n');
  script('scripts/30-no-bit.sh', 'echo last >> "$JETPACK_HOME/out"\n', 0o644);
  life();
  expect(await ended()).toBe('ready');
  expect(lines('out')).toEqual(['from a file', 'welcome', path.join(folder, 'bin'), 'default None', 'last']);
  expect(lines('logs/cluster-init/demo/default/scripts/10-bash.sh.out')).toEqual(['from a file', 'welcome']);
  expect(state.reports.map(({ event }) => (event.kind === 'log' ? event.message : ''))).toContainEqual(expect.stringMatching(/^Script 30-no-bit\.sh: .*execute/));
});

test('a script that fails leaves its card: the code, the end of its output, where the rest is, and what to do', async () => {
  script('scripts/10-good.sh', '#!/bin/sh\nexit 0\n');
  script('scripts/20-bad.sh', '#!/bin/sh\necho out; echo "no queue" >&2; exit 3\n');
  script('scripts/30-never.sh', '#!/bin/sh\ntouch "$JETPACK_HOME/never"\n');
  life();
  expect(await ended()).toBe('failed');
  const file = path.join(home, 'cluster-init/demo/default/scripts/20-bad.sh');
  expect(cardOf()).toMatchObject({
    summary: `Failed to execute cluster-init script '${file}' in project 'demo' (return code: 3)`,
    exitCode: 3,
    output: expect.stringMatching(/^out\nno queue\n?$/),
    log: path.join(home, 'logs/cluster-init/demo/default/scripts/20-bad.sh.out'),
  });
  expect(existsSync(path.join(home, 'never'))).toBe(false);
});

test.each([
  ['a missing command', '#!/bin/bash\nset -e\nno-such-command\n', /was not found/],
  ['a missing interpreter', '#!/no/such/interpreter\n', /interpreter/],
  ['Windows line ends', '#!/bin/bash\r\necho x\r\n', /Unix line ends/],
  ['a crash', '#!/bin/bash\nkill -SEGV $$\n', /crashed/],
])('%s: the card says what to do', async (_what, text, recommendation) => {
  script('scripts/10.sh', text);
  life();
  expect(await ended()).toBe('failed');
  expect(cardOf()?.recommendation).toMatch(recommendation);
});

test('a daemon that stops ends its script, and the next one goes on after the last that ended well', async () => {
  script('scripts/10.sh', '#!/bin/bash\necho 10 >> "$JETPACK_HOME/out"\n');
  script('scripts/20.sh', '#!/bin/bash\necho $$ >> "$JETPACK_HOME/pids"\n[ -e "$JETPACK_HOME/go" ] || sleep 600\necho 20 >> "$JETPACK_HOME/out"\n');
  life();
  const pid = await waitFor('the script to run', () => Number(lines('pids')[0]) || undefined);
  await incarnation.drain();
  expect(isAlive(pid)).toBe(false);
  expect(sync.received.map(({ phase }) => phase)).toEqual(['converging']);
  writeFileSync(path.join(home, 'go'), '');
  world.system.stop();
  life();
  expect(await ended()).toBe('ready');
  expect(lines('out')).toEqual(['10', '20']);
});

test('a script that a killed daemon left behind is ended before it runs again', async () => {
  script('scripts/20.sh', '#!/bin/bash\necho $$ >> "$JETPACK_HOME/pids"\n[ -e "$JETPACK_HOME/go" ] || { setsid sleep 600 & wait; }\necho 20 >> "$JETPACK_HOME/out"\n');
  life();
  const pid = await waitFor('the script to run', () => Number(lines('pids')[0]) || undefined);
  // Nothing of it is told to end.
  world.system.stop();
  expect(isAlive(pid)).toBe(true);
  writeFileSync(path.join(home, 'go'), '');
  life();
  expect(await ended()).toBe('ready');
  expect(isAlive(pid)).toBe(false);
  expect([lines('out'), lines('pids').length]).toEqual([['20'], 2]);
});

test('what a script leaves in the background goes on over the end of its converge', async () => {
  script('scripts/10.sh', '#!/bin/bash\nsleep 600 > /dev/null 2>&1 &\necho $! > "$JETPACK_HOME/pids"\n');
  life();
  expect(await ended()).toBe('ready');
  const pid = Number(lines('pids')[0]);
  try {
    world.system.stop();
    life();
    expect(await ended()).toBe('ready');
    expect(isAlive(pid)).toBe(true);
  } finally {
    process.kill(pid);
  }
});

/** Asks as the command line does; what it was told on the way, and what it was answered. */
const ask = async (wishes: { readonly debug?: boolean; readonly strace?: boolean }): Promise<{ readonly lines: readonly string[]; readonly answer: Result<ConvergeReport> | undefined }> => {
  const told: string[] = [];
  const ref = world.system.ref<ConvergeMessage>('converge');
  const message = { type: 'converge', trigger: 'command-line', rerunScripts: true, ...wishes, progress: (line: string) => void told.push(line) } as const;
  const asked = await world.system.ask(ref, (reply: Reply<Result<ConvergeReport>>) => ({ ...message, reply }) as const, { timeoutMs: 60_000 });
  return { lines: told, answer: asked.ok ? asked.value : undefined };
};

describe('a converge that is asked for', () => {
  const log = 'logs/cluster-init/demo/default/scripts/10.sh.out';

  beforeEach(async () => {
    script('scripts/10.sh', '#!/bin/bash\necho said; cat /etc/hostname > "$JETPACK_HOME/copy"\n');
    script('scripts/20.sh', '#!/bin/bash\nexit 0\n');
  });

  test('with --debug tells of every step, how its script is run, with the names of its environment alone, and how it ended', async () => {
    life();
    await ended();
    const { answer, lines: said } = await ask({ debug: true });
    expect(answer).toMatchObject({ ok: true, value: { ran: 2 } });
    const folderOfScripts = path.join(home, 'cluster-init/demo/default/scripts');
    expect(said).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Step 1 of 2: demo\/default 10\.sh, content [0-9a-f]{12}, will run again$/),
        `Script 10.sh: in ${folderOfScripts}, for 30 s at most, with CYCLECLOUD_HOME, CYCLECLOUD_PROJECT_NAME, CYCLECLOUD_PROJECT_PATH, CYCLECLOUD_PROJECT_VERSION, CYCLECLOUD_SPEC_NAME, CYCLECLOUD_SPEC_PATH, JETPACK_HOME, PATH`,
        expect.stringMatching(/^Script 10\.sh: return code: 0, after \d+\.\d s, with 5 bytes of output$/),
        '  | said',
      ]),
    );
    const { lines: plain } = await ask({});
    expect(plain.filter((line) => line.startsWith('Step') || line.startsWith('  | '))).toEqual([]);
  });

  test('with strace, where this machine has it, has the system calls of each script beside its log, and without has none', async () => {
    const installed = (await createScriptRunner({ clock: systemClock, logger: silentLogger, env: { PATH: process.env['PATH'] } }).mayTrace()).ok;
    life();
    await ended();
    expect(existsSync(path.join(home, `${log}.strace`))).toBe(false);
    const { answer } = await ask({ strace: true });
    expect([answer?.ok, lines(`${log}.strace`).some((line) => line.includes('/etc/hostname'))]).toEqual([installed, installed]);
  });

  test('with strace where there is none is refused before anything begins', async () => {
    const bin = path.join(folder, 'few');
    mkdirSync(bin);
    life(bin);
    expect(await ended()).toBe('ready');
    const { answer } = await ask({ strace: true });
    expect(answer).toMatchObject({ ok: false, error: { code: 'tool_missing', message: expect.stringContaining('strace is not installed') } });
    expect(sync.received.map(({ phase }) => phase)).toEqual(['converging', 'ready']);
  });
});
