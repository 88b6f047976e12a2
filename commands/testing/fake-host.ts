// A place to run commands in, for their tests: files and a daemon that are what the test says.
import { ManualClock } from '../../effects/manual-clock.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { isTree, parseExact, type ExactJson } from '../exact-json.ts';
import type { Delivery, HomeFile, Host, LastKnown, NodeAccess, Question } from '../host.ts';
import { run } from '../run.ts';

export interface FakeNode {
  /** node.json, as text; absent: there is none. */
  readonly config?: string;
  readonly files?: Partial<Record<HomeFile, string>>;
  readonly answer?: (question: Question) => Result<unknown> | Promise<Result<unknown>>;
  readonly delivery?: Result<Delivery>;
  /** What files say of the node; absent: nothing. */
  readonly lastKnown?: Partial<Record<LastKnown, unknown>>;
  /** What works on files of the caller; one that is not given must not be called. */
  readonly own?: Partial<Pick<NodeAccess, 'report' | 'download' | 'test'>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: Host['terminal'];
  readonly input?: string;
  readonly unread?: Host['unread'];
}

export interface Ran {
  readonly exit: number | undefined;
  readonly out: string;
  readonly err: string;
}

const parsed = (text: string): ExactJson => {
  const json = parseExact(Buffer.from(text));
  if (!json.ok) throw new Error(json.error);
  return json.value;
};

const uncalled = (): never => {
  throw new Error('nobody expected that');
};

/** Runs a command line; what it printed, what it asked and what it sent. */
export const runFake = async (argv: readonly string[], node: FakeNode = {}): Promise<Ran & { readonly asked: readonly Question[]; readonly sent: readonly unknown[] }> => {
  let [out, err] = ['', ''];
  const asked: Question[] = [];
  const sent: unknown[] = [];
  const host: Host = {
    argv,
    env: node.env ?? {},
    cwd: '/',
    terminal: node.terminal ?? { output: false, columns: 80 },
    clock: new ManualClock(),
    version: '1.2.3',
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    unread: node.unread ?? (() => new Promise(() => undefined)),
    messageId: () => '01938a5e-0000-7000-8000-000000000000',
    readInput: async () => ok(Buffer.from(node.input ?? '')),
    readFile: async (path) => fail('file_unreadable', `${path} does not exist`),
    traced: (_command, work) => work(undefined),
    node: (home) => ({
      home,
      configTree() {
        if (node.config === undefined) return fail('file_unreadable', 'there is no node.json');
        const tree = parsed(node.config);
        return isTree(tree) ? ok({ tree }) : fail('config_damaged', 'node.json is not a JSON object');
      },
      json: (file) => ok(node.files?.[file] === undefined ? undefined : parsed(node.files[file])),
      async ask(question) {
        asked.push(question);
        return (await node.answer?.(question)) ?? fail('daemon_unreachable', 'jetpackd is not running');
      },
      lastKnown: async (part) => (node.lastKnown?.[part] === undefined ? fail('file_unreadable', `what is known of ${part} may not be read by this user`) : ok(node.lastKnown[part])),
      async deliver(request) {
        sent.push(request);
        return node.delivery ?? ok({ type: 'accepted' });
      },
      report: node.own?.report ?? uncalled,
      download: node.own?.download ?? uncalled,
      test: node.own?.test ?? uncalled,
    }),
  };
  const exit = await run(host);
  return { exit, out, err, asked, sent };
};
