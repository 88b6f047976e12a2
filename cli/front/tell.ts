// What the Node form tells the daemon of its run before it waits, as the front does.
import type { Environment, Terminal } from '../../commands/host.ts';
import { frame, frontVariables, frontVersion } from '../../protocol/front.ts';

export interface Run {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string | undefined;
  readonly terminal: Terminal;
  readonly id: string;
}

export const tell = ({ argv, cwd, env, id, terminal }: Run): Buffer => {
  const variables = frontVariables.flatMap((name) => (env[name] === undefined ? [] : [frame('E', `${name}=${env[name]}`)]));
  return Buffer.concat([
    frame('H', frontVersion),
    frame('I', id),
    frame('T', `${terminal.output ? 1 : 0} ${terminal.columns}`),
    ...(cwd === undefined ? [] : [frame('W', cwd)]),
    ...variables,
    ...argv.map((argument) => frame('A', argument)),
    frame('G'),
  ]);
};
