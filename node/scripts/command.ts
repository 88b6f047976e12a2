// How a script is run: by the interpreter that its first line names, else by the one that its name tells. The interpreter is
// called by its path, as the kernel would call it, so neither a missing execute bit nor a disk mounted without execution is in
// the way, and a file that is no script at all ends with its interpreter's words instead of a system call's.
import { constants } from 'node:fs';
import { access, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../home/system-error.ts';

export type Command =
  | { readonly ok: true; readonly program: string; readonly arguments: readonly string[]; readonly warnings: readonly string[] }
  /** `reason` completes "it …". */
  | { readonly ok: false; readonly reason: string };

/** The kernel reads less of a first line than this. */
const headBytes = 512;

const anyExecuteBit = 0o111;

/** Opening a pipe that nobody writes to would wait for ever. */
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK;

const compiled = Buffer.from('\u007fELF', 'latin1');

const byExtension: Readonly<Record<string, string>> = { '.py': 'python3', '.sh': 'bash' };

const unusable = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });

const isExecutable = async (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The first file of that name on a PATH. */
export const findOnPath = async (name: string, searched: string): Promise<string | undefined> => {
  for (const folder of searched.split(':').filter((folder) => path.isAbsolute(folder))) {
    const file = path.join(folder, name);
    if (await isExecutable(file)) return file;
  }
  return undefined;
};

interface Head {
  readonly bytes: Buffer;
  readonly executable: boolean;
}

const readHead = async (file: string): Promise<Head | string> => {
  let handle: FileHandle;
  try {
    handle = await open(file, openFlags);
  } catch (error) {
    const code = systemCode(error);
    return code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
  }
  try {
    const status = await handle.stat();
    if (!status.isFile()) return 'is not a regular file';
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return { bytes: buffer.subarray(0, bytesRead), executable: (status.mode & anyExecuteBit) !== 0 };
  } catch (error) {
    return `cannot be read (${systemCode(error)})`;
  } finally {
    await handle.close();
  }
};

/** The interpreter and the one argument that a first line gives it; undefined when it is no such line. */
const parseFirstLine = (bytes: Buffer): { readonly interpreter: string; readonly argument: string | undefined; readonly windows: boolean } | undefined => {
  const [line = ''] = bytes.toString('utf8').split('\n', 1);
  const [, interpreter, argument] = /^#![ \t]*([^ \t\r]+)[ \t]*(.*?)[ \t\r]*$/.exec(line) ?? [];
  return interpreter === undefined ? undefined : { interpreter, argument: argument === '' ? undefined : argument, windows: line.endsWith('\r') };
};

/** The program without which a first line is of no use. `env` finds another one on the PATH, unless it has options of its own. */
const missingFrom = async (interpreter: string, argument: string | undefined, searched: string): Promise<string | undefined> => {
  if (!path.isAbsolute(interpreter) || !(await isExecutable(interpreter))) return interpreter;
  if (path.basename(interpreter) !== 'env' || argument === undefined || /[-= \t]/.test(argument)) return undefined;
  return (await findOnPath(argument, searched)) === undefined ? argument : undefined;
};

/** `searched` is the PATH the script will have. */
export const findCommand = async (file: string, given: readonly string[], searched: string): Promise<Command> => {
  const head = await readHead(file);
  if (typeof head === 'string') return unusable(head);
  if (head.bytes.subarray(0, compiled.length).equals(compiled)) {
    if (!head.executable) return unusable('is a program without the execute bit: chmod +x gives it one');
    return { ok: true, program: file, arguments: given, warnings: [] };
  }
  const line = parseFirstLine(head.bytes);
  if (line === undefined) {
    const name = byExtension[path.extname(file).toLowerCase()] ?? 'sh';
    const program = await findOnPath(name, searched);
    if (program === undefined) return unusable(`needs ${name}, which is not on the PATH`);
    const lack = head.executable ? 'does not begin with #! and its interpreter' : 'has no execute bit';
    return { ok: true, program, arguments: [file, ...given], warnings: [`${lack}: it was run by ${name}`] };
  }
  if (line.windows) return unusable('has Windows line ends: its first line ends in a carriage return; dos2unix converts it');
  const missing = await missingFrom(line.interpreter, line.argument, searched);
  if (missing !== undefined) return unusable(`needs the interpreter ${missing}, which is not there`);
  const argument = line.argument === undefined ? [] : [line.argument];
  const named = [line.interpreter, ...argument].join(' ');
  const warnings = head.executable ? [] : [`has no execute bit: it was run by ${named}`];
  return { ok: true, program: line.interpreter, arguments: [...argument, file, ...given], warnings };
};
