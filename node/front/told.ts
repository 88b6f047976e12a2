// What the front tells of a run before it begins: arguments, environment, terminal, working folder, message id.
import path from 'node:path';
import type { Terminal } from '../../commands/host.ts';
import { frontVersion } from '../../protocol/front.ts';
import { assertNever } from '../../protocol/result.ts';
import type { Frame } from './frames.ts';

export interface Told {
  /** As bytes: a file's name need not be text. */
  readonly args: readonly Buffer[];
  readonly env: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  /** Undefined when the caller stands in a folder that is gone. */
  readonly cwd: string | undefined;
  readonly id: string;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const types = ['H', 'I', 'T', 'W', 'E', 'A'] as const;

const known = (type: string): (typeof types)[number] | undefined => types.find((each) => each === type);

/** Of the frames before G; undefined when they are not what this daemon understands. */
export const readTold = (frames: readonly Frame[]): Told | undefined => {
  const args: Buffer[] = [];
  const env = new Map<string, string>();
  let terminal: Terminal = { output: false, columns: 80 };
  let cwd: string | undefined;
  let id = '';
  let spoken = '';
  for (const { content, type } of frames) {
    const letter = known(type);
    const text = content.toString();
    switch (letter) {
      case undefined:
        return undefined;
      case 'H':
        spoken = text;
        break;
      case 'I':
        id = text;
        break;
      case 'T': {
        const [, output, columns] = /^([01]) (\d{1,5})$/.exec(text) ?? [];
        if (columns === undefined) return undefined;
        terminal = { output: output === '1', columns: Number(columns) };
        break;
      }
      case 'W':
        cwd = path.isAbsolute(text) ? text : undefined;
        break;
      case 'E': {
        const at = text.indexOf('=');
        if (at > 0) env.set(text.slice(0, at), text.slice(at + 1));
        break;
      }
      case 'A':
        args.push(content);
        break;
      default:
        return assertNever(letter);
    }
  }
  return spoken === frontVersion && uuid.test(id) ? { args, env: Object.fromEntries(env), terminal, cwd, id } : undefined;
};
