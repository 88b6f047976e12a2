// Closes the metadata service of the machine's cloud to all users but root, by the packet filter, and opens it again: rules of
// iptables and ip6tables that match the owner of what leaves the machine, or a table of nftables where there is only that.
//
// run/metadata.closed says that it was closed: written before the first rule, gone after the last, so that nothing is asked of
// the packet filter on machines where this was never wanted. Rules do not outlive a boot; the converge after it makes them again.
// DNS is left alone: some clouds have it at the same address.
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { MetadataDoor } from '../../actors/node/converge/ports.ts';
import type { Logger } from '../../effects/logger.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { writeDurably } from '../home/durable-file.ts';
import { systemCode } from '../home/system-error.ts';

export interface DoorOptions {
  /** The node's `run/`, which exists. */
  readonly run: string;
  /** PATH, for the programs. */
  readonly searchPath: string;
  readonly logger: Logger;
}

/** Those of every cloud, and of EC2, GCE and OpenStack over IPv6. */
const addresses = { iptables: ['169.254.169.254'], ip6tables: ['fd00:ec2::254', 'fd20:ce::254', 'fe80::a9fe:a9fe'] } as const;

type Filter = keyof typeof addresses;

const ruleFor = (address: string): readonly string[] => ['OUTPUT', '-d', address, '-p', 'tcp', '!', '--dport', '53', '-m', 'owner', '!', '--uid-owner', '0', '-j', 'DROP'];

const table = 'jetpack_metadata';

const nftRules = `table inet ${table} {
  chain output {
    type filter hook output priority 0; policy accept;
    ip daddr { ${addresses.iptables.join(', ')} } tcp dport != 53 meta skuid != 0 drop
    ip6 daddr { ${addresses.ip6tables.join(', ')} } tcp dport != 53 meta skuid != 0 drop
  }
}
`;

/** Another program may hold the tables for a moment. */
const waitS = '5';
const timeoutMs = 20_000;

const execute = promisify(execFile);

/** How a program ended: its exit code, or why there is none. */
type Ending = { readonly code: number; readonly said: string } | { readonly missing: true };

const isMissing = (ending: Ending): ending is { readonly missing: true } => 'missing' in ending;

export const createMetadataDoor = ({ logger, run, searchPath }: DoorOptions): MetadataDoor => {
  const marker = path.join(run, 'metadata.closed');
  const env = { PATH: searchPath, LC_ALL: 'C' };

  const call = async (program: string, argv: readonly string[], input = ''): Promise<Ending> => {
    try {
      const running = execute(program, argv, { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 });
      running.child.stdin?.on('error', () => undefined).end(input);
      await running;
      return { code: 0, said: '' };
    } catch (error) {
      const failed = error as { readonly code?: unknown; readonly stderr?: unknown }; // what execFile rejects with, looked at below
      if (failed.code === 'ENOENT') return { missing: true };
      const said = typeof failed.stderr === 'string' ? failed.stderr.trim().split('\n')[0] : undefined;
      return { code: typeof failed.code === 'number' ? failed.code : -1, said: said === undefined || said === '' ? 'it did not end' : said };
    }
  };

  /** Why it could not, or `missing`. */
  const filter = async (program: Filter, closed: boolean): Promise<string | undefined> => {
    for (const address of addresses[program]) {
      const rule = ruleFor(address);
      const found = await call(program, ['-w', waitS, '-C', ...rule]);
      if (isMissing(found)) return 'missing';
      // It ends with 1 where there is no such rule.
      if (found.code !== 0 && found.code !== 1) return `${program}: ${found.said}`;
      if (closed === (found.code === 0)) continue;
      const changed = await call(program, ['-w', waitS, closed ? '-I' : '-D', ...rule]);
      if (isMissing(changed)) return 'missing';
      if (changed.code !== 0) return `${program}: ${changed.said}`;
    }
    return undefined;
  };

  const nft = async (closed: boolean): Promise<string | undefined> => {
    // Made first, so that it can be removed whether it was there or not.
    const script = `table inet ${table}\ndelete table inet ${table}\n${closed ? nftRules : ''}`;
    const changed = await call('nft', ['-f', '-'], script);
    if (isMissing(changed)) return 'neither iptables nor nft is installed';
    return changed.code === 0 ? undefined : `nft: ${changed.said}`;
  };

  /** Of a time when there was no iptables. Asked for before it is taken away: not every kernel that has iptables knows tables. */
  const forgetTable = async (): Promise<string | undefined> => {
    const found = await call('nft', ['list', 'table', 'inet', table]);
    // It ends with 1 where there is no such table.
    if (isMissing(found) || found.code === 1) return undefined;
    return found.code === 0 ? nft(false) : `nft: ${found.said}`;
  };

  const change = async (closed: boolean): Promise<string | undefined> => {
    const four = await filter('iptables', closed);
    if (four === 'missing') return nft(closed);
    if (four !== undefined) return four;
    // A machine without IPv6 has nothing to close there.
    const six = existsSync('/proc/net/if_inet6') ? await filter('ip6tables', closed) : undefined;
    if (six !== undefined && six !== 'missing') return six;
    if (!closed) return forgetTable();
    return six === 'missing' ? 'ip6tables is not installed, so the service can be reached by IPv6' : undefined;
  };

  return {
    isClosed: () => existsSync(marker),
    async set(closed): Promise<Result<void, string>> {
      try {
        if (closed) writeDurably(marker, `${marker}.new`, '', 0o640);
        const trouble = await change(closed);
        if (trouble !== undefined) return { ok: false, error: `the metadata service cannot be ${closed ? 'closed to' : 'opened to'} users that are not root: ${trouble}` };
        if (!closed) rmSync(marker, { force: true });
        logger.info(`the metadata service is ${closed ? 'closed to' : 'open to'} users that are not root`);
        return ok(undefined);
      } catch (error) {
        return { ok: false, error: `the metadata service cannot be ${closed ? 'closed to' : 'opened to'} users that are not root (${systemCode(error)})` };
      }
    },
  };
};
