// Makes node_modules what package-lock.json says. A successful install leaves the hash of what it was made from in
// node_modules; while that is the hash of what is wanted, nothing is done. Two processes never install at the same time.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runChild } from './child.mjs';
import { withLock } from './lock.mjs';

/** A reason to end with one line for a person. */
export class InstallProblem extends Error {}

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** Of package.json only what npm installs by; a new script or version is no reason to install again. */
const wantedHash = (root) => {
  const { dependencies, devDependencies, allowScripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const parts = [read(path.join(root, 'package-lock.json')), read(path.join(root, '.npmrc')), { dependencies, devDependencies, allowScripts }];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
};

const stampFile = (root) => path.join(root, 'node_modules', '.jetpack-lock-hash');

/** The Node that the project's programs need comes as the npm package `node`, whose install script fetches the binary. */
export const projectNode = (root) => path.join(root, 'node_modules', 'node', 'bin', 'node');

/** npm must not run with the very Node that it is about to replace. */
const pathWithoutOurs = (root) => {
  const ours = path.join(root, 'node_modules');
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => !folder.startsWith(ours))
    .join(path.delimiter);
};

const networkTrouble = /^npm (?:error|ERR!).*\b(EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/m;

/** npm's first complaint that says something, without its prefix. */
const complaint = (log) => /^npm (?:error|ERR!) (?!code |errno |syscall |network )(.+)$/m.exec(log)?.[1] ?? 'see the log';

const problemOf = (command, code, log, logFile) => {
  const network = networkTrouble.exec(log)?.[1];
  const reason = network === undefined ? complaint(log) : `the npm registry cannot be reached (${network}): check the network and npm's proxy settings`;
  return `npm ${command} failed with exit code ${code}: ${reason}; its output is in ${logFile}`;
};

const npm = async (root, args, output) => {
  try {
    return await runChild('npm', args, {
      cwd: root,
      env: { ...process.env, PATH: pathWithoutOurs(root) },
      stdio: ['ignore', output, output],
    });
  } catch (error) {
    throw new InstallProblem(`npm cannot be started (${error.code}): install npm, or put it on the PATH`);
  }
};

/** Test and build tools are needed whatever NODE_ENV says, and a reason for the log whatever `npm --silent` says. */
const everywhere = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=notice'];

const runNpm = async (root, say) => {
  const logFile = path.join(root, '.state', 'install.log');
  mkdirSync(path.dirname(logFile), { recursive: true });
  rmSync(stampFile(root), { force: true });
  say(`installing packages (once for each change of package-lock.json; output in ${logFile})`);
  const output = openSync(logFile, 'w');
  try {
    // Without this npm would try each of hundreds of packages for a minute. What it has in its cache may be enough.
    const reached = await npm(root, ['ping', '--fetch-retries=0', '--loglevel=notice'], output);
    const options = reached === 0 || !networkTrouble.test(read(logFile)) ? everywhere : [...everywhere, '--offline'];
    let command = 'ci';
    let code = await npm(root, [command, ...options], output);
    if (code !== 0 && read(logFile).includes('EUSAGE')) {
      // The lock file is missing or, in the eyes of npm ci, incomplete: it may lack packages that only other systems need,
      // where it was written with a registry that has none of those. npm install takes the versions that it does hold.
      command = 'install';
      code = await npm(root, [command, '--no-save', ...options], output);
    }
    if (code !== 0) throw new InstallProblem(problemOf(command, code, read(logFile), logFile));
  } finally {
    closeSync(output);
  }
};

const wantedMajor = 24;

const checkNode = async (root) => {
  const node = projectNode(root);
  const test = `process.exit(process.versions.node.startsWith('${wantedMajor}.') ? 0 : 1)`;
  if ((await runChild(node, ['-e', test], { stdio: 'ignore' }).catch(() => 1)) === 0) return;
  const switchedOff = process.env.npm_config_ignore_scripts === 'true' ? ' (ignore-scripts is set)' : '';
  throw new InstallProblem(
    `Node ${wantedMajor} is missing at ${node}: npm did not run the install script of the package "node"${switchedOff}; allow it, then run: npm rebuild node`,
  );
};

/**
 * @param {string} root the folder of package.json
 * @param {(line: string) => void} say
 */
export const ensureInstalled = async (root, say) => {
  const isCurrent = () => read(stampFile(root)) === wantedHash(root) && existsSync(projectNode(root));
  if (isCurrent()) return;
  await withLock(
    path.join(root, '.state', 'install.lock'),
    (pid) => say(`waiting for another install to end (process ${pid})`),
    async () => {
      if (isCurrent()) return;
      const wanted = wantedHash(root);
      await runNpm(root, say);
      await checkNode(root);
      writeFileSync(stampFile(root), wanted);
    },
  );
};
