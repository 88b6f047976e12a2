// What enrolling leaves in a node's config/: connection.json, jetpack.ini, the broker's certificate authority, and while it is under way the nonce of
// each token, so that a command which was killed, whose answer was lost, or which went to another server, is the same question when it is
// given again.
//
// Each file is written beside its place and renamed, with its mode from the first moment. A connection.json of another identity, or
// with members that are not written again, is moved aside, never overwritten.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Random } from '../../effects/random.ts';
import type { Credentials } from '../../protocol/enrolment.ts';
import { httpPasswordOf } from '../../protocol/enrolment-seal.ts';
import { parseJson } from '../../protocol/json.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { setAside } from '../../storage/set-aside.ts';
import { keepJetpackIni } from '../config/jetpack-ini.ts';
import { parseBrokerUrls } from '../broker-options.ts';
import { connectionPath, readConnection } from '../connection-file.ts';
import { writeDurably } from '../home/durable-file.ts';
import { makeFolder } from '../home/make-folder.ts';
import { systemCode } from '../home/system-error.ts';
import { withUmask } from '../home/umask.ts';

const secret = 0o600;
const caName = 'broker-ca.pem';

/** Nobody has that many tokens at once; the file must not grow for ever. */
const mostNonces = 16;

const noncePath = (home: string): string => path.join(home, 'config', 'enrolling');
/** Holds the id of the token that this node was enrolled with. */
const enrolledPath = (home: string): string => path.join(home, 'config', 'enrolled');

/** Runs what touches the disk; its trouble is a value. */
const onDisk = <T>(home: string, work: () => Result<T>): Result<T> => {
  try {
    withUmask(0o027, () => makeFolder(path.join(home, 'config')));
    return work();
  } catch (error) {
    return fail('home_unusable', `${path.join(home, 'config')} cannot be written (${systemCode(error)})`);
  }
};

const write = (file: string, text: string, mode: number): void => writeDurably(file, `${file}.new`, text, mode);

interface Nonce {
  /** Of the token. */
  readonly id: string;
  readonly nonce: string;
}

/** Those under way, the oldest first. */
const readNonces = (home: string): readonly Nonce[] => {
  try {
    const lines = readFileSync(noncePath(home), 'utf8').split('\n');
    return lines.flatMap((line) => {
      const [, id, nonce] = /^(\S+) ([A-Za-z0-9_-]{43})$/.exec(line) ?? [];
      return id === undefined || nonce === undefined ? [] : [{ id, nonce }];
    });
  } catch {
    // None is under way.
    return [];
  }
};

const writeNonces = (home: string, nonces: readonly Nonce[]): void => write(noncePath(home), nonces.map(({ id, nonce }) => `${id} ${nonce}\n`).join(''), secret);

/** The nonce of the token with this id: the one that was kept, else a new one, kept before it is used. Fails with `home_unusable`. */
export const keepNonce = (home: string, id: string, random: Random): Result<string> =>
  onDisk(home, () => {
    const nonces = readNonces(home);
    const kept = nonces.find((one) => one.id === id);
    if (kept !== undefined) return ok(kept.nonce);
    const nonce = Buffer.from(random.bytes(32)).toString('base64url');
    writeNonces(home, [...nonces, { id, nonce }].slice(-mostNonces));
    return ok(nonce);
  });

const withCredentials = (url: string, { password, user }: Credentials): string => {
  const own = new URL(url);
  own.username = encodeURIComponent(user);
  own.password = encodeURIComponent(password);
  return own.href;
};

/** Whether this is what enrolling wrote for the same node, and holds nothing that would not be written again. */
const isSame = (bytes: Uint8Array, content: Readonly<Record<string, unknown>>): boolean => {
  const found = parseJson(bytes);
  if (!found.ok || typeof found.value !== 'object' || found.value === null) return false;
  const members = new Map<string, unknown>(Object.entries(found.value));
  return members.get('cluster') === content['cluster'] && members.get('node') === content['node'] && [...members.keys()].every((name) => Object.hasOwn(content, name));
};

/** Moves a connection.json aside that this content would not replace; where it lies then. */
const asideOf = (home: string, content: Readonly<Record<string, unknown>>, at: number): string | undefined => {
  const file = connectionPath(home);
  try {
    if (isSame(readFileSync(file), content)) return undefined;
  } catch (error) {
    // Nobody wrote one. One that cannot be read may hold anything.
    if (systemCode(error) === 'ENOENT') return undefined;
  }
  return setAside(file, 'it holds more than what replaces it', at).path;
};

export interface Written {
  /** Where an earlier connection.json lies now, if one was in the way. */
  readonly aside: string | undefined;
  /** False: somebody else's jetpack.ini is there, and stays. */
  readonly keepsIni: boolean;
}

/** What programs on the node show to the server's HTTP API, which is where this node reached it. */
const forPrograms = ({ password, user }: Credentials, server: URL) => ({ url: server.href.replace(/\/+$/, ''), username: user, password: httpPasswordOf(password) });

/** Writes all that jetpackd needs, and what scripts look for. Fails with `home_unusable`. */
export const writeConnection = (home: string, tokenId: string, told: Credentials, server: URL, at: number): Result<Written> => {
  const urls = parseBrokerUrls(told.urls, (reason) => fail('config_invalid', `the server tells a broker that cannot be used: ${reason}`));
  if (!urls.ok) return urls;
  return onDisk(home, () => {
    const { ca, cluster, node, prefix } = told;
    if (ca !== undefined) write(path.join(home, 'config', caName), ca, secret);
    const { password, url, username } = forPrograms(told, server);
    const content = { cluster, node, prefix, broker: urls.value.map((each) => withCredentials(each, told)), ...(ca === undefined ? {} : { ca: caName }), url, username, password };
    const aside = asideOf(home, content, at);
    write(connectionPath(home), `${JSON.stringify(content, undefined, 2)}\n`, secret);
    const keepsIni = keepJetpackIni(path.join(home, 'config'), { webserver: url, username, password, cluster });
    write(enrolledPath(home), `${tokenId} ${cluster}/${node}\n`, secret);
    rmSync(noncePath(home), { force: true });
    return ok({ aside, keepsIni });
  });
};

/** The node that this home is, by the very token with this id; undefined when it is none, or its connection.json is another's. */
export const enrolledAs = (home: string, id: string): string | undefined => {
  try {
    // A name may hold spaces.
    const [, of, name] = /^(\S+) (.+)\n$/.exec(readFileSync(enrolledPath(home), 'utf8')) ?? [];
    const connection = readConnection(home);
    return of === id && connection.ok && `${connection.value.cluster ?? ''}/${connection.value.node ?? ''}` === name ? name : undefined;
  } catch {
    return undefined;
  }
};

/** No server will redeem the token with this id any more. */
export const forgetNonce = (home: string, id: string): Result<void> =>
  onDisk(home, () => {
    const others = readNonces(home).filter((one) => one.id !== id);
    if (others.length > 0) writeNonces(home, others);
    else rmSync(noncePath(home), { force: true });
    return ok(undefined);
  });
