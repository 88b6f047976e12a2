// How a program reaches its broker, as its options say: addresses, and files in PEM for TLS. jetpackd, cycle-server and the
// cluster in a box share it. Nothing here repeats a URL or what is in a file: both may be secret.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { shown } from '../commands/flags.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { parseBrokerUrl } from '../transport/amqp/address.ts';
import type { TlsMaterial } from '../transport/amqp/options.ts';
import { systemCode } from './home/system-error.ts';

/** Options that the programs have in common, for their tables. */
export const tlsFlags = {
  ca: { value: 'FILE', env: 'JETPACK_AMQP_CA', help: "whose certificates the broker's must be from, in PEM, else those that Node.js brings" },
  cert: { value: 'FILE', env: 'JETPACK_AMQP_CERT', help: 'certificate to show to the broker, in PEM' },
  key: { value: 'FILE', env: 'JETPACK_AMQP_KEY', help: 'its private key, in PEM, readable by its owner alone' },
} as const;

export interface BrokerOptions {
  /** May hold passwords: never logged, never passed on in arguments. */
  readonly urls: readonly string[];
  readonly tls?: TlsMaterial;
}

/** Files as options or connection.json name them. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

type Kind = 'ca' | 'cert' | 'key';

/** `URL[,URL...]` of brokers. `blame` says in front of the reason where they stand. */
export const parseBrokerUrls = (urls: readonly string[], blame: (reason: string) => Result<never>): Result<readonly string[]> => {
  for (const url of urls) {
    const parsed = parseBrokerUrl(url);
    if (!parsed.ok) return blame(parsed.error.message);
  }
  return ok(urls);
};

/** A comma may also stand in a password. */
const betweenUrls = /,(?=amqps?:\/\/)/;

/** The URLs of an option, if all are a broker's. The line never repeats them: they may hold passwords. */
export const checkBrokerUrls = (program: string, urls: string, option = '--amqp'): Result<readonly string[]> =>
  parseBrokerUrls(urls.split(betweenUrls), (reason) => fail('usage', `${program}: ${option}: ${reason}`));

/** The same for a program that takes one address. */
export const checkBrokerUrl = (program: string, url: string): Result<string> => {
  const checked = parseBrokerUrls([url], (reason) => fail('usage', `${program}: --amqp: ${reason}`));
  return checked.ok ? ok(url) : checked;
};

export const checkPrefix = (program: string, prefix: string): Result<string> =>
  /^[A-Za-z0-9._-]{1,40}$/.test(prefix)
    ? ok(prefix)
    : fail('usage', `${program}: --prefix '${shown(prefix)}' is not one to forty letters, digits, dots, '-' or '_'`);

/** Says so when others than its owner may read a file that holds a secret. */
export const warnIfReadable = (file: string): readonly string[] => {
  const found = statSync(file, { throwIfNoEntry: false });
  const mode = found === undefined ? 0 : found.mode & 0o777;
  return (mode & 0o077) === 0 ? [] : [`${file} holds a secret and has the mode ${mode.toString(8).padStart(4, '0')}: make it 0600`];
};

/** What is wrong with a text in PEM, if anything is. */
const faultOf = (kind: Kind, text: string): string | undefined => {
  try {
    if (kind === 'key') createPrivateKey(text);
    else void new X509Certificate(text);
    return undefined;
  } catch {
    return kind === 'key' ? 'is not a private key in PEM without a passphrase' : 'is not a certificate in PEM';
  }
};

const readPem = (kind: Kind, file: string): Result<string> => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return fail('file_unreadable', `${file} cannot be read (${systemCode(error)})`);
  }
  const fault = faultOf(kind, text);
  return fault === undefined ? ok(text) : fail('config_invalid', `${file} ${fault}`);
};

/** The texts of these files. Fails with `usage`, `file_unreadable` or `config_invalid`, in one line that names the file. */
export const readTls = (program: string, files: TlsFiles): Result<{ readonly tls?: TlsMaterial; readonly warnings: readonly string[] }> => {
  if ((files.cert === undefined) !== (files.key === undefined)) return fail('usage', `${program}: a certificate and its key go together: give both --cert and --key`);
  const texts: Partial<Record<Kind, string>> = {};
  for (const kind of ['ca', 'cert', 'key'] as const) {
    const file = files[kind];
    if (file === undefined) continue;
    const text = readPem(kind, path.resolve(file));
    if (!text.ok) return text;
    texts[kind] = text.value;
  }
  const { cert, key } = texts;
  if (cert !== undefined && key !== undefined && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    return fail('config_invalid', `${files.key ?? ''} is not the key of the certificate in ${files.cert ?? ''}`);
  }
  const warnings = files.key === undefined ? [] : warnIfReadable(path.resolve(files.key));
  return ok(Object.keys(texts).length === 0 ? { warnings } : { tls: texts, warnings });
};
