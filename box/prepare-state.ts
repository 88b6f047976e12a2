// What lies in the state of a box before its cluster starts: the template of the cluster, examples/cluster.json with the address
// of its locker. It is made anew at every start, so a start without `--break` takes back what one with it did.
//
// The project has scripts in bash and in Python. Where there is no python3, the nodes converge a copy of it without those.
//
// With `--break` a setting of one node makes a script of its fail. Where that script has ended well before, its marker goes,
// as an author takes it away to have a script run again.
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemCode } from '../node/home/system-error.ts';
import { markerFile, specPlaces } from '../node/projects/layout.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { clusterName, nodeHome, root, serverHome } from './plan.ts';

/** The part of examples/cluster.json that this changes. */
interface Template {
  readonly nodes: Readonly<Record<string, { readonly configuration?: { readonly demo?: object } }>>;
}

const examples = path.join(root, 'examples');

/** The script that can be made to fail, on which node, and the entry of the template that this node has otherwise. */
const broken = { node: 'execute-2', like: 'execute-*', project: 'demo', spec: 'execute', script: '20-join.py' };

const withFault = (nodes: Template['nodes']): Template['nodes'] => {
  const entry = nodes[broken.like];
  const configuration = { ...entry?.configuration, demo: { ...entry?.configuration?.demo, break: true } };
  // The server takes the entry with the very name of a node before one with a pattern.
  return { ...nodes, [broken.node]: { ...entry, configuration } };
};

const templateOf = (fault: boolean, locker: string): string => {
  // The repository's own file, which a test reads as the server does.
  const template = JSON.parse(readFileSync(path.join(examples, 'cluster.json'), 'utf8')) as Template;
  const nodes = fault ? withFault(template.nodes) : template.nodes;
  return `${JSON.stringify({ ...template, locker: pathToFileURL(locker).href, nodes }, null, 2)}\n`;
};

/** A copy of the locker that no script in Python is in. */
const withoutPython = (state: string): string => {
  const copy = path.join(state, 'locker');
  rmSync(copy, { recursive: true, force: true });
  cpSync(path.join(examples, 'locker'), copy, { recursive: true, filter: (file) => !file.endsWith('.py') });
  return copy;
};

/** Whether a script in Python can run on this machine. */
export const findsPython = (searchPath: string | undefined): boolean =>
  (searchPath ?? '').split(path.delimiter).some((folder) => path.isAbsolute(folder) && existsSync(path.join(folder, 'python3')));

/** Fails with `home_unusable`, or with `usage` where what is to fail needs a python3. Neither server nor node may serve the state meanwhile. */
export const prepareState = (state: string, fault: boolean, python: boolean): Result<void> => {
  if (fault && !python) return fail('usage', '--break makes a script in Python fail, and there is no python3 on the PATH');
  const folder = path.join(serverHome(state), 'clusters');
  const file = path.join(folder, `${clusterName}.json`);
  try {
    const template = templateOf(fault, python ? path.join(examples, 'locker') : withoutPython(state));
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    writeFileSync(`${file}.new`, template, { mode: 0o640 });
    renameSync(`${file}.new`, file);
    if (fault) rmSync(markerFile(specPlaces(nodeHome(state, broken.node), broken.project, broken.spec), broken.script), { force: true });
    return ok(undefined);
  } catch (error) {
    return fail('home_unusable', `${file} cannot be written (${systemCode(error)}): name another folder with --state`);
  }
};
