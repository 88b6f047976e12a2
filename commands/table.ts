// Every command of `jetpack`, each behind its own import: a run loads the one it is.
import type { LoadedCommand } from './command.ts';

type Load = () => Promise<LoadedCommand>;

const loads: Readonly<Record<string, Load>> = {
  autoscale: async () => (await import('./autoscale.ts')).autoscale,
  completion: async () => (await import('./completion.ts')).completion,
  condition: async () => (await import('./condition.ts')).condition,
  config: async () => (await import('./config.ts')).config,
  converge: async () => (await import('./converge.ts')).converge,
  download: async () => (await import('./download.ts')).download,
  health: async () => (await import('./health.ts')).health,
  'hostname-changed': async () => (await import('./hostname-changed.ts')).hostnameChanged,
  inspect: async () => (await import('./inspect.ts')).inspect,
  keepalive: async () => (await import('./keepalive.ts')).keepalive,
  log: async () => (await import('./log.ts')).log,
  props: async () => (await import('./props.ts')).props,
  report_issue: async () => (await import('./report-issue.ts')).reportIssue,
  run_on_shutdown: async () => (await import('./run-on-shutdown.ts')).runOnShutdown,
  send: async () => (await import('./send.ts')).send,
  shutdown: async () => (await import('./shutdown.ts')).shutdown,
  status: async () => (await import('./status.ts')).status,
  sync: async () => (await import('./sync-wait.ts')).syncWait,
  test: async () => (await import('./test.ts')).test,
  users: async () => (await import('./users.ts')).users,
};

/** Loaded once: a daemon has them called again and again. */
const once = (load: Load): Load => {
  let command: Promise<LoadedCommand> | undefined;
  return () => (command ??= load());
};

export const commands: Readonly<Record<string, Load>> = Object.fromEntries(Object.entries(loads).map(([name, load]) => [name, once(load)]));

const isHomeOption = (word: string): boolean => word === '--home';

/** The word that names the command: the first that is no option, nor the value of the one option that stands before it. */
export const commandWord = (argv: readonly string[]): string | undefined => {
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (isHomeOption(word)) index += 1;
    else if (!word.startsWith('-') || word === '-') return word;
    else if (word === '--') return argv[index + 1];
  }
  return undefined;
};
