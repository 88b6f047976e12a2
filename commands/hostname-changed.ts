// `jetpack hostname-changed`: what installers that rename a host reach into a private function of the Python module for
// (reference, section 6).
import type { LocalRequestOf } from '../protocol/local.ts';
import { loaded, type CommandDefinition } from './command.ts';
import { deliver } from './deliver.ts';
import { ok } from '../protocol/result.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';

export interface HostnameChangedInvocation {
  readonly command: 'hostname-changed';
}

const add: CommandDefinition<HostnameChangedInvocation>['add'] = (program, invoke) => {
  program
    .command('hostname-changed')
    .summary('tell that the host was renamed')
    .description(
      'Tells the cluster what this host is called now, and has its facts gathered anew:\n' +
        '`jetpack config hostname` follows. While jetpackd is away the message waits on disk; the name is\n' +
        'then the one that the host has when it is back.',
    )
    .addHelpText('after', examples('hostnamectl set-hostname ip-0A000004 && jetpack hostname-changed'))
    .action(() => invoke({ command: 'hostname-changed' }));
};

export const hostnameChangedRequest = (envelope: Envelope): LocalRequestOf<'installation'> => ({ ...envelope, verb: 'installation', status: 'success', message: 'the host name has changed' });

export const hostnameChanged = loaded<HostnameChangedInvocation>({
  add,
  perform: (_invocation, run) => deliver(ok(hostnameChangedRequest(run.envelope)), run),
});
