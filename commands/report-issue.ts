// `jetpack report_issue`: packs what somebody needs who looks into a problem of this node (reference, section 5.11).
import { ok } from '../protocol/result.ts';
import { loaded, type CommandDefinition, type Run } from './command.ts';
import { lookUp } from './config-key.ts';
import type { ExactTree } from './exact-json.ts';
import { examples } from './examples.ts';
import { absolutePath } from './home.ts';
import { printable } from './line.ts';

export interface ReportInvocation {
  readonly command: 'report_issue';
  /** A file or folder; absent: the logs of the home. */
  readonly logs?: string;
  /** Whether what needs a storage was asked for in so many words. */
  readonly wantsStorage: boolean;
}

interface ReportOptions {
  readonly upload?: boolean;
  readonly sign?: boolean;
}

/** A daemon that does not answer is no reason to wait: it may be what the report is about. */
const statusMs = 3_000;

const add: CommandDefinition<ReportInvocation>['add'] = (program, invoke, refuse) => {
  program
    .command('report_issue')
    .alias('report-issue')
    .summary('pack logs and configuration for whoever looks into a problem')
    .description(
      "Packs logs, the node's configuration and its status into a ZIP archive in the current folder, and prints where it is.\n" +
        'Passwords, tokens and keys are taken out of it, as far as their names or looks give them away: read it before you pass it on.\n' +
        'Of a log it takes the last 4 MiB, of all logs 64 MiB; manifest.json in it says what was left out.',
    )
    .argument('[log_path]', "a file or folder to pack in place of the home's logs/")
    .option('--upload', 'upload it: there is no storage to upload to, so it stays here and a line says so')
    .option('--no-upload', 'leave it here, which is what happens anyway')
    .option('--sign', 'the same for a signed address')
    .option('--no-sign', 'no signed address')
    .addHelpText('after', examples('jetpack report_issue', 'jetpack report_issue /var/log/slurm --no-upload'))
    .action((logs: string | undefined, { sign, upload }: ReportOptions) => {
      if (logs === '') return refuse({ code: 'usage', message: 'the path of the logs is empty' });
      return invoke({ command: 'report_issue', ...(logs === undefined ? {} : { logs }), wantsStorage: upload === true || (sign === true && upload !== false) });
    });
};

const word = (tree: ExactTree, key: string, otherwise: string): string => {
  const value = lookUp(tree, key);
  return typeof value === 'string' && value !== '' ? value.replaceAll(/[^\w.-]/g, '_').slice(0, 60) : otherwise;
};

export const reportIssue = loaded<ReportInvocation>({
  add,
  ownProcess: () => true,
  async perform({ logs, wantsStorage }, { envelope: { id, trace }, host, node }: Run) {
    const config = node.configTree();
    const tree = config.ok ? config.value.tree : {};
    const status = await node.ask({ request: { verb: 'status', id, ...(trace === undefined ? {} : { trace }) }, socket: 'cluster', withinMs: statusMs, untilBack: false });
    const name = `${word(tree, 'cyclecloud.cluster.name', 'cluster')}-${word(tree, 'cyclecloud.node.name', 'node')}-${id}.zip`;
    const archive = absolutePath(name, host.cwd);
    if (!archive.ok) return archive;
    const from = logs === undefined ? ok(logs) : absolutePath(logs, host.cwd);
    if (!from.ok) return from;
    const made = await node.report({
      logs: from.value,
      archive: archive.value,
      documents: { 'node.json': config.ok ? ok(tree) : config, 'status.json': status },
    });
    if (!made.ok) return made;
    const note = wantsStorage ? 'this installation has no storage to upload to: the archive stays on this node' : undefined;
    return ok({ out: `Logs can be found at: ${printable(archive.value)}\n`, note });
  },
});
