// Both fronts, the native one with a `jetpack-node` beside it that only says how it was called, that of the Node form with commands that
// do no more, and daemons that do as a test says.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { FrontClient, told, type Heard } from '../../../node/front/testing/front-client.ts';
import { TestHome } from '../../testing/daemon.ts';
import { compileFront } from '../compile.ts';

/** What the front became: the front's words on the way, its arguments, and with READS set, its standard input in that file. */
const nodeForm = `#!/bin/sh
echo "handed over: $JETPACK_FRONT"
for word; do echo "<$word>"; done
[ -z "$READS" ] || cat > "$READS"
exit 7
`;

/** The same, as the commands that the front of the Node form leaves it to. */
const commands = `
export const runCommands = (handover) => {
  process.stdout.write('handed over: ' + (handover ? handover.id + ' ' + handover.waitedMs : '') + '\\n' + process.argv.slice(2).map((word) => '<' + word + '>\\n').join(''));
  process.exitCode = 7;
};
`;

/** Has those loaded in place of all commands. */
const instead = (file: string): string => `
import { registerHooks } from 'node:module';
registerHooks({ resolve: (what, context, next) => next(what === './main.ts' ? ${JSON.stringify(pathToFileURL(file).href)} : what, context) });
`;

const quoted = (...words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

export type FrontKind = 'native' | 'Node';

/** Serves as many as come: once the front has told all, it says what it was given, as hex, and then nothing more. */
const speaker = `
const [path, words, backlog] = process.argv.slice(1);
require('node:net').createServer((socket) => {
  let all = Buffer.alloc(0);
  socket.on('error', () => undefined).on('data', (bytes) => {
    all = Buffer.concat([all, bytes]);
    if (!all.includes(Buffer.from('G\\0\\0\\0\\0', 'latin1'))) return;
    socket.write(Buffer.from(words, 'hex'), () => console.log('said'));
  });
}).listen({ path, backlog: Number(backlog) }, () => console.log('listening'));
`;

export interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
  readonly tookMs: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default: pipes. */
  readonly stdio?: StdioOptions;
  /** Called instead of the front, with it as `$0`. */
  readonly shell?: string;
}

export class FrontStage {
  readonly home = new TestHome();
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A folder with the front and what stands in for the commands; for the whole file of tests. */
  static async make(kind: FrontKind): Promise<string> {
    const folder = mkdtempSync(path.join(tmpdir(), 'front-'));
    const front = path.join(folder, 'jetpack');
    if (kind === 'Node') {
      const [stub, hooks] = [path.join(folder, 'commands.mjs'), path.join(folder, 'instead.mjs')];
      writeFileSync(stub, commands);
      writeFileSync(hooks, instead(stub));
      const start = path.resolve(import.meta.dirname, '..', '..', 'start.ts');
      writeFileSync(front, `#!/bin/sh\nexec ${quoted(process.execPath, '--disable-warning=ExperimentalWarning', '--import', hooks, start)} "$@"\n`, { mode: 0o755 });
      return folder;
    }
    const compiled = await compileFront(front);
    if (compiled.type !== 'compiled') throw new Error(JSON.stringify(compiled));
    writeFileSync(path.join(folder, 'jetpack-node'), nodeForm, { mode: 0o755 });
    return folder;
  }

  get front(): string {
    return path.join(this.#folder, 'jetpack');
  }

  /** What the Node form read, when it was started with it. */
  get reads(): { readonly READS: string } {
    return { READS: path.join(this.home.home, 'input') };
  }

  get read(): string {
    return readFileSync(this.reads.READS, 'latin1');
  }

  /** On the front's socket. What a front has told is taken before. */
  async daemon(behave: (front: FrontClient, told: readonly Heard[]) => Promise<void> | void): Promise<void> {
    await this.home.impostor((socket) => {
      const front = new FrontClient(socket);
      const begin = async (): Promise<void> => {
        const heard: Heard[] = [];
        for (let next = await front.next(); next !== undefined && next.type !== 'G'; next = await front.next()) heard.push(next);
        await behave(front, heard);
      };
      void begin();
    }, 'front');
  }

  /** A process of its own on the front's socket, which says these words to each front. `said` ends when it has said them to one. */
  async process(words: readonly Buffer[], backlog = 8): Promise<{ readonly child: ChildProcess; readonly path: string; readonly said: Promise<unknown> }> {
    const socket = this.home.sockets().front;
    const child = spawn(process.execPath, ['-e', speaker, socket, Buffer.concat(words).toString('hex'), String(backlog)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    return { child, path: socket, said: once(lines, 'line') };
  }

  start(args: readonly string[], { env = {}, shell, stdio = 'pipe' }: RunOptions = {}): ChildProcess {
    const [program, words] = shell === undefined ? [this.front, args] : ['/bin/sh', ['-c', shell, this.front, ...args]];
    const child = spawn(program, words, { env: { PATH: process.env['PATH'], JETPACK_HOME: this.home.paths.home, ...env }, stdio });
    child.stdin?.on('error', () => undefined);
    this.#children.push(child);
    return child;
  }

  async end(child: ChildProcess): Promise<Ran> {
    const since = performance.now();
    const whole = (stream: ChildProcess['stdout']): Promise<string> => (stream === null ? Promise.resolve('') : text(stream));
    const [out, err, [exit]] = await Promise.all([whole(child.stdout), whole(child.stderr), once(child, 'close') as Promise<[number | null]>]);
    return { exit, out, err, tookMs: performance.now() - since };
  }

  /** Until its end. */
  run(args: readonly string[], options: RunOptions & { readonly input?: string | Buffer } = {}): Promise<Ran> {
    const child = this.start(args, options);
    child.stdin?.end(options.input);
    return this.end(child);
  }

  async remove(): Promise<void> {
    const running = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    await Promise.all(running.map((child) => (child.kill('SIGKILL'), once(child, 'exit'))));
    await this.home.remove();
  }

  static dispose(folder: string): void {
    rmSync(folder, { recursive: true });
  }
}

/** A front that answers once is heard to the end by its daemon. */
export const say = (front: FrontClient, ...frames: ReadonlyArray<readonly [type: string, content?: string]>): void =>
  front.send(Buffer.concat(frames.map(([type, content]) => told(type, content))));
