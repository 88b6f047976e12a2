import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestOutcome } from '../commands/host.ts';
import { systemClock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { ok } from '../protocol/result.ts';
import { testProjects } from './project-tests.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'project-tests-'));
  configure({ project: 'demo', version: '1.0.0', spec: 'default' });
});

afterEach(() => rmSync(home, { recursive: true }));

const configure = (...specs: readonly object[]): void => {
  mkdirSync(path.join(home, 'config'), { recursive: true });
  writeFileSync(path.join(home, 'config/node.json'), JSON.stringify({ cyclecloud: { cluster_init_specs: specs } }));
};

const put = (name: string, text: string, { mode = 0o755, spec = 'demo/default' } = {}): void => {
  const file = path.join(home, 'cluster-init', spec, 'tests', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
};

/** A python3 that has no pytest. */
const barePython = (): NodeJS.ProcessEnv => {
  const bin = path.join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'python3'), `#!/bin/sh\ncase "$*" in *pytest*) exit 1 ;; esac\nPATH='${process.env['PATH']}' exec python3 "$@"\n`, { mode: 0o755 });
  return { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
};

const run = async (env: NodeJS.ProcessEnv = process.env) => {
  const outcomes: TestOutcome[] = [];
  const result = await testProjects(home, { clock: systemClock, random: seededRandom(1), env, onOutcome: (outcome) => outcomes.push(outcome) });
  return { result, outcomes, verdicts: outcomes.map(({ file, passed, spec }) => `${spec}/${file} ${passed ? 'passed' : 'failed'}`) };
};

const passing = '#!/bin/sh\nexit 0\n';
const unit = (body: string): string => `import os, unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n        ${body}\n`;

describe('the tests of a node', () => {
  test('are files of its specs, in the order of both, each run by what its first line or its name tells', async () => {
    configure({ project: 'demo', version: '1.0.0', spec: 'late', order: 2 }, { project: 'demo', version: '1.0.0', spec: 'default' }, { project: 'demo', version: '1.0.0', spec: 'default' });
    put('b.sh', passing, { mode: 0o644 });
    put('a.sh', '#!/bin/sh\necho no\nexit 3\n');
    put('test_c.py', unit("self.assertEqual(os.environ['CYCLECLOUD_SPEC_NAME'], 'default')"));
    put('d.sh', passing, { spec: 'demo/late' });
    const { outcomes, result, verdicts } = await run();
    expect(result).toEqual(ok(undefined));
    expect(verdicts).toEqual(['default/a.sh failed', 'default/b.sh passed', 'default/test_c.py passed', 'late/d.sh passed']);
    expect(outcomes[0]).toMatchObject({ project: 'demo', ending: 'ended with exit code 3', output: 'no' });
    expect(readdirSync(path.join(home, 'cluster-init/demo/default/tests'))).not.toEqual(expect.arrayContaining([expect.stringMatching(/cache/)]));
  });

  test('are not what only lies beside them', async () => {
    put('README.md', 'text');
    put('helpers.py', 'x = 1\n');
    put('deep/a.sh', passing);
    expect(await run()).toMatchObject({ result: ok(undefined), outcomes: [] });
  });

  test('fail as their assertions do, with what they wrote', async () => {
    put('test_a.py', unit("self.fail('no disk')"));
    const { outcomes, verdicts } = await run();
    expect(verdicts).toEqual(['default/test_a.py failed']);
    expect(outcomes[0]?.output).toContain('no disk');
  });

  test('are run by unittest where there is no pytest, and those that it does not see have not passed', async () => {
    put('test_a.py', unit('pass'));
    put('test_b.py', 'def test_it():\n    assert True\n');
    const { outcomes, verdicts } = await run(barePython());
    expect(verdicts).toEqual(['default/test_a.py passed', 'default/test_b.py failed']);
    expect(outcomes[1]?.ending).toBe('has no tests that unittest can find, and python3 has no pytest');
  });

  test('without a test in them have not passed', async () => {
    put('test_a.py', 'def helper():\n    pass\n');
    expect((await run()).verdicts).toEqual(['default/test_a.py failed']);
  });

  test('whose interpreter is missing say so', async () => {
    put('a.sh', '#!/nowhere/python\n');
    expect((await run()).outcomes[0]).toMatchObject({ passed: false, ending: 'needs the interpreter /nowhere/python, which is not there' });
  });

  test('of a node without projects are none', async () => {
    configure();
    expect(await run()).toMatchObject({ result: ok(undefined), outcomes: [] });
  });

  test('that leave something running have it ended', async () => {
    put('a.sh', '#!/bin/sh\nsleep 600 &\nexit 0\n');
    expect((await run()).verdicts).toEqual(['default/a.sh passed']);
  });

  test('end, with all that they started, when this process is told to', async () => {
    put('a.sh', '#!/bin/sh\ntouch "$CYCLECLOUD_HOME/begun"\nsleep 600\n');
    put('b.sh', passing);
    const running = run();
    await waitFor('the test to begin', () => existsSync(path.join(home, 'begun')), 30_000);
    process.emit('SIGTERM');
    expect(await running).toMatchObject({ result: { ok: false, error: { code: 'tests_failed', message: 'the tests were interrupted' } }, verdicts: ['default/a.sh failed'] });
  });
});

describe('there are none to be run', () => {
  test('without a configuration', async () => {
    rmSync(path.join(home, 'config/node.json'));
    expect(await run()).toMatchObject({ result: { ok: false, error: { code: 'file_unreadable' } } });
  });

  test('of specs that cannot be read', async () => {
    configure({ project: 'demo' });
    expect(await run()).toMatchObject({ result: { ok: false, error: { code: 'project_unusable' } } });
  });
});
