// Certificates for a test, made by openssl in a folder of their own: good ones, and each kind of bad one.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Identity, Pem } from './test-broker.ts';

export interface Certificates {
  readonly folder: string;
  readonly ca: Identity;
  /** Of a server at localhost and 127.0.0.1. */
  readonly server: Identity;
  /** Another authority, which nobody believes. */
  readonly wrongCa: Identity;
  /** Of a server at localhost and 127.0.0.1, by the wrong authority. */
  readonly byWrongCa: Identity;
  /** Of a server at localhost and 127.0.0.1, whose time is over. */
  readonly expired: Identity;
  /** Of a server at another host. */
  readonly wrongHost: Identity;
  /** A client's, whose CN a broker may take for the name of a user. `by`: the right authority unless another is given. */
  client(commonName: string, options?: { readonly by?: Identity; readonly expired?: boolean }): Promise<Identity>;
}

export interface TestCertificates extends Certificates {
  /** Removes the folder. */
  dispose(): Promise<void>;
}

interface Wish {
  readonly file: string;
  readonly commonName: string;
  readonly by: Identity;
  readonly extensions: readonly string[];
  /** 0: its time is over at once. */
  readonly days?: number;
}

const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const subject = (commonName: string): string => `/CN=${commonName.replaceAll(/[\\/+]/g, '\\$&')}`;

const here = ['subjectAltName=DNS:localhost,IP:127.0.0.1', 'extendedKeyUsage=serverAuth'];

/** What works in one folder, which several processes may share. */
const workshop = (folder: string) => {
  const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', args, { cwd: folder });

  const pem = async (name: string): Promise<Pem> => {
    const file = path.join(folder, name);
    return { file, text: await readFile(file, 'utf8') };
  };
  const identity = async (name: string): Promise<Identity> => ({ cert: await pem(`${name}.pem`), key: await pem(`${name}.key`) });

  const authority = async (name: string): Promise<Identity> => {
    const uses = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    await openssl('req', '-x509', ...keyOptions, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name} of a test`, ...uses);
    return identity(name);
  };

  const issue = async ({ by, commonName, days = 1, extensions, file }: Wish): Promise<Identity> => {
    await writeFile(path.join(folder, `${file}.ext`), `${['basicConstraints=CA:FALSE', ...extensions].join('\n')}\n`);
    await openssl('req', '-new', ...keyOptions, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', subject(commonName));
    const signedBy = ['-CA', by.cert.file, '-CAkey', by.key.file, '-set_serial', `0x01${randomBytes(15).toString('hex')}`];
    await openssl('x509', '-req', '-in', `${file}.csr`, ...signedBy, '-days', `${days}`, '-extfile', `${file}.ext`, '-out', `${file}.pem`);
    return identity(file);
  };

  return { identity, authority, issue };
};

/** Those that `makeCertificates` made there. */
export const certificatesIn = async (folder: string): Promise<Certificates> => {
  const { identity, issue } = workshop(folder);
  const ca = await identity('ca');
  return {
    folder,
    ca,
    wrongCa: await identity('wrong-ca'),
    server: await identity('server'),
    byWrongCa: await identity('by-wrong-ca'),
    expired: await identity('expired'),
    wrongHost: await identity('wrong-host'),
    client: (commonName, { by = ca, expired = false } = {}) =>
      issue({ file: `client-${randomBytes(6).toString('hex')}`, commonName, by, extensions: ['extendedKeyUsage=clientAuth'], days: expired ? 0 : 1 }),
  };
};

export const makeCertificates = async (): Promise<TestCertificates> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'jetpack-certificates-'));
  const { authority, issue } = workshop(folder);
  const [ca, wrongCa] = [await authority('ca'), await authority('wrong-ca')];
  await issue({ file: 'server', commonName: 'localhost', by: ca, extensions: here });
  await issue({ file: 'by-wrong-ca', commonName: 'localhost', by: wrongCa, extensions: here });
  await issue({ file: 'expired', commonName: 'localhost', by: ca, extensions: here, days: 0 });
  await issue({ file: 'wrong-host', commonName: 'elsewhere', by: ca, extensions: ['subjectAltName=DNS:elsewhere.example', 'extendedKeyUsage=serverAuth'] });
  return { ...(await certificatesIn(folder)), dispose: () => rm(folder, { recursive: true, force: true }) };
};
