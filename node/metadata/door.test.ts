import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../effects/logger.ts';
import { createMetadataDoor } from './door.ts';

let folder: string;
let bin: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-door-'));
  bin = path.join(folder, 'bin');
  mkdirSync(bin);
});
afterEach(() => rmSync(folder, { recursive: true }));

const install = (program: string, script: string): void => {
  writeFileSync(path.join(bin, program), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(bin, program), 0o755);
};

/** A packet filter that keeps its rules in a file, a line each, and takes those programs away that stand behind on the PATH. */
const filter = (program: string): void =>
  install(
    program,
    `PATH=/usr/bin:/bin; shift 2; verb=$1; shift; echo "$verb $*" >> ${folder}/${program}.calls
case $verb in
  -C) grep -qxF -- "$*" ${folder}/${program}.rules 2>/dev/null || exit 1 ;;
  -I) echo "$*" >> ${folder}/${program}.rules ;;
  -D) grep -vxF -- "$*" ${folder}/${program}.rules > ${folder}/rest; mv ${folder}/rest ${folder}/${program}.rules ;;
esac`,
  );

const lines = (name: string): readonly string[] => (existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name), 'utf8').split('\n').filter((line) => line !== '') : []);
/** The machine's own packet filter is on no such path. */
const door = () => createMetadataDoor({ run: folder, searchPath: bin, logger: silentLogger });
const rule = 'OUTPUT -d 169.254.169.254 -p tcp ! --dport 53 -m owner ! --uid-owner 0 -j DROP';

describe('the metadata service', () => {
  beforeEach(() => {
    filter('iptables');
    filter('ip6tables');
  });

  test('is closed once, however often that is asked for, and its state outlives the daemon', async () => {
    expect(door().isClosed()).toBe(false);
    expect(await door().set(true)).toEqual({ ok: true, value: undefined });
    expect(await door().set(true)).toEqual({ ok: true, value: undefined });
    expect(lines('iptables.rules')).toEqual([rule]);
    expect(door().isClosed()).toBe(true);
  });

  test('is opened again, and nothing of it is left', async () => {
    await door().set(true);
    expect(await door().set(false)).toEqual({ ok: true, value: undefined });
    expect([...lines('iptables.rules'), ...lines('ip6tables.rules')]).toEqual([]);
    expect(door().isClosed()).toBe(false);
    expect(await door().set(false)).toEqual({ ok: true, value: undefined });
  });

  test('is closed anew after a boot, which has forgotten the rules', async () => {
    await door().set(true);
    rmSync(path.join(folder, 'iptables.rules'));
    await door().set(true);
    expect(lines('iptables.rules')).toEqual([rule]);
  });

  test('leaves the rules of others alone', async () => {
    const other = 'OUTPUT -d 10.0.0.1 -j DROP';
    writeFileSync(path.join(folder, 'iptables.rules'), `${other}\n`);
    await door().set(true);
    await door().set(false);
    expect(lines('iptables.rules')).toEqual([other]);
  });

  test('whose rules cannot be made or looked at is one line, and counts as closed so that it is opened later', async () => {
    install('iptables', 'case $3 in -C) exit 1;; *) echo "iptables: Permission denied." >&2; echo "more" >&2; exit 4;; esac');
    expect(await door().set(true)).toEqual({ ok: false, error: 'the metadata service cannot be closed to users that are not root: iptables: iptables: Permission denied.' });
    expect(door().isClosed()).toBe(true);
    install('iptables', 'echo "the lock is held" >&2; exit 4');
    expect(await door().set(false)).toEqual({ ok: false, error: 'the metadata service cannot be opened to users that are not root: iptables: the lock is held' });
    expect(door().isClosed()).toBe(true);
  });

  test('whose state cannot be kept is not closed: nobody would open it again', async () => {
    mkdirSync(path.join(folder, 'metadata.closed.new'));
    expect(await door().set(true)).toMatchObject({ ok: false, error: expect.stringMatching(/^the metadata service cannot be closed to users that are not root \(E\w+\)$/) });
    expect(lines('iptables.calls')).toEqual([]);
  });
});

describe('a machine without iptables', () => {
  beforeEach(() => install('nft', `/bin/cat > ${folder}/nft.script; /bin/echo "$@" >> ${folder}/nft.calls`));

  test('has a table of nftables of its own, made anew and taken away as a whole', async () => {
    expect(await door().set(true)).toEqual({ ok: true, value: undefined });
    expect(lines('nft.calls')).toEqual(['-f -']);
    const script = lines('nft.script');
    expect(script.slice(0, 3)).toEqual(['table inet jetpack_metadata', 'delete table inet jetpack_metadata', 'table inet jetpack_metadata {']);
    expect(script.some((line) => line.includes('ip daddr { 169.254.169.254 } tcp dport != 53 meta skuid != 0 drop'))).toBe(true);
    await door().set(false);
    expect(lines('nft.script')).toEqual(['table inet jetpack_metadata', 'delete table inet jetpack_metadata']);
    expect(door().isClosed()).toBe(false);
  });

  test('and without nftables says so in one line', async () => {
    rmSync(path.join(bin, 'nft'));
    expect(await door().set(true)).toEqual({ ok: false, error: 'the metadata service cannot be closed to users that are not root: neither iptables nor nft is installed' });
  });

  test('whose nftables refuse says what they say', async () => {
    install('nft', '/bin/cat > /dev/null; echo "Error: Operation not permitted" >&2; exit 1');
    expect(await door().set(true)).toEqual({ ok: false, error: 'the metadata service cannot be closed to users that are not root: nft: Error: Operation not permitted' });
  });
});

describe('a machine that was closed while it had no iptables, and has it now', () => {
  /** nftables that know a table once it was made, until it is taken away. */
  const tables = (more = ''): void =>
    install(
      'nft',
      `PATH=/usr/bin:/bin; ${more} if [ "$1" = list ]; then cat ${folder}/nft.table 2>/dev/null || { echo "Error: No such file or directory" >&2; exit 1; }; exit 0; fi
script=$(cat); case $script in *drop*) echo closed > ${folder}/nft.table ;; *delete*) rm -f ${folder}/nft.table ;; esac`,
    );
  beforeEach(async () => {
    tables();
    await door().set(true);
    filter('iptables');
    filter('ip6tables');
  });

  test('is opened whole: the table of nftables is taken away too', async () => {
    expect(lines('nft.table')).toEqual(['closed']);
    expect(await door().set(false)).toEqual({ ok: true, value: undefined });
    expect([lines('nft.table'), door().isClosed()]).toEqual([[], false]);
    expect(await door().set(false)).toEqual({ ok: true, value: undefined });
  });

  test('stays closed, and is opened later, where nftables cannot take it away', async () => {
    tables('[ "$1" = list ] || { echo "Error: Operation not permitted" >&2; exit 1; };');
    expect(await door().set(false)).toEqual({ ok: false, error: 'the metadata service cannot be opened to users that are not root: nft: Error: Operation not permitted' });
    expect(door().isClosed()).toBe(true);
  });

  test('and cannot ask nftables, counts as closed', async () => {
    install('nft', 'echo "it hangs" >&2; exit 3');
    expect(await door().set(false)).toEqual({ ok: false, error: 'the metadata service cannot be opened to users that are not root: nft: it hangs' });
    expect(door().isClosed()).toBe(true);
  });
});

test('a machine whose ip6tables have gone can be opened', async () => {
  filter('iptables');
  filter('ip6tables');
  await door().set(true);
  rmSync(path.join(bin, 'ip6tables'));
  expect(await door().set(false)).toEqual({ ok: true, value: undefined });
});

test('a machine without ip6tables says what is still open, where it has IPv6', async () => {
  filter('iptables');
  const hasIpv6 = existsSync('/proc/net/if_inet6');
  const error = 'the metadata service cannot be closed to users that are not root: ip6tables is not installed, so the service can be reached by IPv6';
  expect(await door().set(true)).toEqual(hasIpv6 ? { ok: false, error } : { ok: true, value: undefined });
});
