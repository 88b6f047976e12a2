// What `npm start`, `npm test` and the like run first: on the machine's own Node, 20 or newer, with nothing installed. It makes
// node_modules what package-lock.json says, and the front that bin/jetpack begins with where there is a C compiler, then runs
// the task with the Node that came with it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './child.mjs';
import { ensureFront } from './front.mjs';
import { ensureInstalled, InstallProblem, projectNode } from './install.mjs';

const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];

/** What Node runs for a task. jest takes everything after --selectProjects for a project, so arguments come before. */
const tasks = {
  start: (args) => ['box/main.ts', ...args],
  test: (args) => ['scripts/test.ts', ...args],
  // Three suites at a time: they wait for several processes more than they compute. The names of tests are the list of what was proved.
  'test:integration': (args) => [...jest, ...args, '--verbose', '--maxWorkers=3', '--testSequencer=./integration/longest-first.mjs', '--selectProjects', 'integration', 'programs'],
  crash: (args) => ['integration/crash/main.ts', ...args],
  chaos: (args) => ['integration/chaos/main.ts', ...args],
  bench: (args) => ['bench/main.ts', ...args],
  build: (args) => ['install/main.ts', ...args],
};

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const say = (line) => console.error(`jetpack: ${line}`);

const main = async ([name, ...args]) => {
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (task === undefined) {
    say(`unknown task ${JSON.stringify(name)}: give one of ${Object.keys(tasks).join(', ')}`);
    return 2;
  }
  try {
    await ensureInstalled(root, say);
    await ensureFront(root);
  } catch (error) {
    // A code is the system's: no permission, no room. Anything else is a defect of ours and keeps its stack.
    if (!(error instanceof InstallProblem) && error.code === undefined) throw error;
    say(error.message);
    return 1;
  }
  return runChild(projectNode(root), task(args), { cwd: root });
};

process.exitCode = await main(process.argv.slice(2));
