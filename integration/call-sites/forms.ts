// The forms of the command line, as they are installed, each put into a folder of its own as `jetpack`, for a PATH.
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hasCompiler } from '../../cli/front/compile.ts';
import { cacheIn, programsVariable } from '../cluster/processes.ts';
import type { Observed } from './run-program.ts';

export interface Form {
  readonly form: string;
  /** Whether what files answer is asked where no daemon runs. The front leaves it to the Node form there, so a few calls of it show that it does. */
  readonly daemonless: boolean;
  /** Its file among the installed programs. */
  readonly program: 'jetpack' | 'jetpack-node';
  /** Whether it is called as a front calls it, with a handover: it runs its commands in Node then, though a daemon is there. */
  readonly handedOver: boolean;
}

/** Of the whole run of jest, made before its first suite. */
const programs = process.env[programsVariable] ?? '';

/** Node keeps what it makes of the bundles where the daemons of tests keep it too. */
export const compileCache = { NODE_COMPILE_CACHE: cacheIn(programs) } as const;

const { TZ } = process.env;

/** That of the daemon in this process: the front leaves a call with another one to the Node form. */
export const timeZone: Readonly<Record<string, string>> = TZ === undefined ? {} : { TZ };

/** Under an id of its own each time (a UUID of version 7, of no time in particular): a message with the id of another is taken for that one. */
const handingOver = (program: string): string => `#!/bin/sh
id=$(cat /proc/sys/kernel/random/uuid)
begin=\${id%-*-*-*}
rest=\${id#"$begin"-4}
export JETPACK_FRONT="$begin-7$rest 0"
exec '${program}' "$@"
`;

/** Makes the folder, with `healthcheck` beside. */
export const install = (folder: string, { handedOver, program }: Form): void => {
  mkdirSync(folder);
  const [file, jetpack] = [path.join(programs, 'bin', program), path.join(folder, 'jetpack')];
  if (handedOver) writeFileSync(jetpack, handingOver(file), { mode: 0o755 });
  else symlinkSync(file, jetpack);
  // It calls the one that it stands beside.
  copyFileSync(path.join(programs, 'bin', 'healthcheck'), path.join(folder, 'healthcheck'));
};

/** As it is called where there is no front: it asks the daemon too. */
const nodeForm: Form = { form: 'the Node form', program: 'jetpack-node', daemonless: false, handedOver: false };

/** The commands in Node, which do all that is left to them, with a daemon and without. */
const inNode: Form = { form: 'the commands in Node', program: 'jetpack-node', daemonless: true, handedOver: true };

/** What it leaves to Node, the commands there do. */
const front: Form = { form: 'the front', program: 'jetpack', daemonless: false, handedOver: false };

export interface Forms {
  readonly inNode: Form;
  readonly nodeForm: Form;
  readonly front: Form | undefined;
}

/** What this machine can have; says so when it cannot have the front. */
export const forms = async (): Promise<Forms> => {
  if (await hasCompiler()) return { inNode, nodeForm, front };
  if (process.env['CI'] === 'true') throw new Error('no C compiler (cc) for the front');
  process.stdout.write('left out: call sites by the front, for there is no C compiler (cc)\n');
  return { inNode, nodeForm, front: undefined };
};

/** With which a front that has nothing to fall back on ends where it would become the Node form. */
export const leftToNode = 99;

/** Makes the folder with the front alone: beside it stands no Node form, but a program that fails and says so. */
export const installAlone = (folder: string): void => {
  mkdirSync(folder);
  // The front looks for the Node form beside its own file, and so not beside a link.
  copyFileSync(path.join(programs, 'bin', 'jetpack'), path.join(folder, 'jetpack'));
  writeFileSync(path.join(folder, 'jetpack-node'), `#!/bin/sh\necho "the front left it to the Node form after \${JETPACK_FRONT#* } ms" >&2\nexit ${leftToNode}\n`, { mode: 0o755 });
};

/** Of a front that has waited a second: the daemon was there, and had no turn on a machine with others to run. */
const isLate = ({ exit, stderr, stdout }: Observed): boolean => exit === leftToNode && /the Node form after \d{4,} ms/.test(stdout + stderr);

/** What comes of a call by the front alone, from a daemon that had its turn. */
export const aloneInTime = async (call: () => Promise<Observed>): Promise<Observed> => {
  for (;;) {
    const observed = await call();
    if (!isLate(observed)) return observed;
  }
};

/** How many messages wait for an actor, the third column and a member of `jetpack inspect`, is another number from one call to the next. */
export const steady = (observed: Observed): Observed => ({
  ...observed,
  stdout: observed.stdout.replaceAll(/(?<="mailbox": )\d+/g, 'N').replaceAll(/(?<=\brunning\b[^\n]*[ \t])\d+(?=[ \t]+\d+[ \t\r]*$)/gm, 'N'),
});
