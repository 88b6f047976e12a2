// What a script finds in its environment. Only what is named here goes on from the daemon, whose own holds secrets (the
// broker's password stands in JETPACK_AMQP_URL) and whatever its administrator adds one day.

export type Environment = Readonly<Record<string, string | undefined>>;

/** Stands in the environment of everything a job started, with the job's id: so that it is found, also after a crash. */
export const runMark = 'JETPACK_RUN';

const passed: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TZ',
  'TMPDIR',
  ...['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]),
]);

const passes = (name: string): boolean => passed.has(name) || name.startsWith('LC_');

export const scriptEnvironment = (daemon: Environment, own: Environment, id: string): Record<string, string> => {
  const chosen = [...Object.entries(daemon).filter(([name]) => passes(name)), ...Object.entries(own), [runMark, id] as const];
  return Object.fromEntries(chosen.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
};
