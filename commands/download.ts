// `jetpack download`: brings a blob of a project (reference, section 5.7).
import { fail, ok, type Result } from '../protocol/result.ts';
import { loaded, type CommandDefinition } from './command.ts';
import { examples } from './examples.ts';
import { absolutePath } from './home.ts';

export interface DownloadInvocation {
  readonly command: 'download';
  /** Absent: that of the script around it. */
  readonly project?: string;
  readonly blob: string;
  /** A file or folder; absent: the current folder. */
  readonly to: string;
}

const projectVariable = 'CYCLECLOUD_PROJECT_NAME';

/** A path below a folder, and nothing that leads out of it. */
const isBlobName = (blob: string): boolean => !/[\\\p{Cc}]/u.test(blob) && blob.split('/').every((word) => word !== '' && word !== '.' && word !== '..');

const read = (blob: string, to: string, project: string | undefined): Result<DownloadInvocation> => {
  if (!isBlobName(blob)) return fail('usage', `'${blob.slice(0, 200)}' cannot be the name of a blob: words joined by / make one`);
  if (to === '') return fail('usage', 'the destination is empty');
  if (project === '') return fail('usage', "option '--project <project>' is empty");
  return ok({ command: 'download', ...(project === undefined ? {} : { project }), blob, to });
};

const add: CommandDefinition<DownloadInvocation>['add'] = (program, invoke, refuse) => {
  program
    .command('download')
    .summary("bring a blob of a project from the project's locker")
    .description(
      "Brings a blob: a file that was uploaded to blobs/PROJECT/ of the locker, or else one of the project's own.\n" +
        'A file that stands at the destination is replaced in one step, when all of the blob is there. Lockers are folders: file://.',
    )
    .argument('<blob>', 'its name, which may have slashes in it')
    .argument('[dest]', 'a file, or a folder that takes it under the last word of its name', '.')
    .option('--project <project>', `the project (default: that of the script around the call, from ${projectVariable})`)
    .addHelpText('after', examples('jetpack download --project slurm job_submit.so /usr/lib64/slurm/', 'jetpack download examples/benchmark.zip /data/'))
    .action((blob: string, to: string, { project }: { readonly project?: string }) => {
      const invocation = read(blob, to, project);
      if (invocation.ok) invoke(invocation.value);
      else refuse(invocation.error);
    });
};

/** What can only be a folder, whether it is there or not. */
const meansFolder = (to: string): boolean => /(?:^|\/)\.{0,2}$/.test(to);

export const download = loaded<DownloadInvocation>({
  add,
  ownProcess: () => true,
  async perform({ blob, project: named, to }, { host, node }) {
    const project = named ?? host.env[projectVariable] ?? '';
    if (project === '') return fail('usage', `no project is named: give --project, or set ${projectVariable}`);
    const target = absolutePath(to, host.cwd);
    if (!target.ok) return target;
    const brought = await node.download({ project, blob, to: target.value, folder: meansFolder(to) });
    return brought.ok ? ok({ out: '' }) : brought;
  },
});
