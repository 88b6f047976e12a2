import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clusterTemplate } from '../protocol/cluster-template.ts';
import { nodeHome, nodeNames, root, serverHome } from './plan.ts';
import { findsPython, prepareState } from './prepare-state.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(path.join(tmpdir(), 'box-template-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const clusters = (): string => path.join(serverHome(state), 'clusters');

interface Written {
  readonly locker: string;
  readonly configuration: object;
  readonly specs: ReadonlyArray<{ readonly project: string; readonly version: string; readonly spec: string }>;
  readonly nodes: Readonly<Record<string, { readonly roles: readonly string[]; readonly configuration?: { readonly demo?: object }; readonly specs: Written['specs'] }>>;
}

const written = (fault: boolean): Written => {
  expect(prepareState(state, fault, true)).toMatchObject({ ok: true });
  return JSON.parse(readFileSync(path.join(clusters(), 'box.json'), 'utf8')) as Written;
};

describe("the template of the box's cluster", () => {
  test('names the locker of this repository, and every spec that it names is there', () => {
    const { locker, nodes, specs } = written(false);
    expect(fileURLToPath(locker)).toBe(path.join(root, 'examples', 'locker'));
    const named = [...specs, ...Object.values(nodes).flatMap((entry) => entry.specs)];
    expect(named.map(({ spec }) => spec)).toEqual(['default', 'scheduler', 'execute']);
    for (const { project, version, spec } of named) {
      expect(statSync(path.join(fileURLToPath(locker), 'projects', project, version, 'specs', spec, 'cluster-init', 'scripts')).isDirectory()).toBe(true);
    }
  });

  test.each([false, true])('is one that the server reads (with a fault: %s)', (fault) => {
    const template = written(fault);
    expect(clusterTemplate.parse(template)).toEqual(template);
  });

  test('with a fault differs for one node alone, and keeps all that this has otherwise', () => {
    const sound = written(false);
    const faulty = written(true);
    const { 'execute-2': broken, ...others } = faulty.nodes;
    expect({ ...faulty, nodes: others }).toEqual(sound);
    const like = sound.nodes['execute-*']!;
    expect(broken).toEqual({ ...like, configuration: { demo: { ...like.configuration?.demo, break: true } } });
  });

  test('without one takes it back, and leaves nothing beside it', () => {
    const sound = written(false);
    written(true);
    expect(written(false)).toEqual(sound);
    expect(readdirSync(clusters())).toEqual(['box.json']);
  });

  test('is closed to all but its owner and group', () => {
    written(false);
    expect(statSync(clusters()).mode & 0o007).toBe(0);
    expect(statSync(path.join(clusters(), 'box.json')).mode & 0o007).toBe(0);
  });

  test('that cannot be written is one line that names it', () => {
    mkdirSync(serverHome(state), { recursive: true });
    writeFileSync(clusters(), '');
    const file = path.join(clusters(), 'box.json');
    expect(prepareState(state, false, true)).toEqual({
      ok: false,
      error: { code: 'home_unusable', message: `${file} cannot be written (EEXIST): name another folder with --state` },
    });
  });
});

describe('a script that is to fail', () => {
  const scripts = ['10-wait-for-scheduler.sh', '20-join.py'];
  const markerOf = (node: string, script: string): string => path.join(nodeHome(state, node), 'cluster-init', '.run', 'demo', 'execute', 'scripts', `${script}.run`);
  const marked = (): readonly string[] => nodeNames.flatMap((node) => scripts.filter((script) => existsSync(markerOf(node, script))).map((script) => `${node} ${script}`));

  const markAll = (): readonly string[] => {
    for (const node of nodeNames) {
      mkdirSync(path.dirname(markerOf(node, 'any')), { recursive: true });
      for (const script of scripts) writeFileSync(markerOf(node, script), '{}');
    }
    return marked();
  };

  test('loses its marker, so that it runs again where it has ended well before; no other does', () => {
    const before = markAll();
    written(true);
    expect(marked()).toEqual(before.filter((one) => one !== 'execute-2 20-join.py'));
    expect(marked()).toHaveLength(5);
  });

  test('is one of the examples', () => {
    expect(existsSync(path.join(root, 'examples', 'locker', 'projects', 'demo', '1.0.0', 'specs', 'execute', 'cluster-init', 'scripts', '20-join.py'))).toBe(true);
  });

  test('a start without the fault leaves every marker', () => {
    const before = markAll();
    written(false);
    expect(marked()).toEqual(before);
  });
});

describe('where there is no python3', () => {
  test('the nodes converge the project without its scripts in Python, and with all others', () => {
    expect(prepareState(state, false, false)).toMatchObject({ ok: true });
    const { locker } = JSON.parse(readFileSync(path.join(clusters(), 'box.json'), 'utf8')) as Written;
    const files = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
    const all = files(path.join(root, 'examples', 'locker'));
    expect(all.filter((file) => file.endsWith('.py'))).toHaveLength(2);
    expect(files(fileURLToPath(locker))).toEqual(all.filter((file) => !file.endsWith('.py')));
  });

  test('--break is refused with a line that says so', () => {
    expect(prepareState(state, true, false)).toEqual({ ok: false, error: { code: 'usage', message: '--break makes a script in Python fail, and there is no python3 on the PATH' } });
  });

  test('that is found out by the PATH', () => {
    writeFileSync(path.join(state, 'python3'), '');
    expect(['/nowhere', `/nowhere:${state}`, undefined].map(findsPython)).toEqual([false, true, false]);
  });
});
