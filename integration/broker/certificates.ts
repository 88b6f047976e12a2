// Certificates for a test, made by openssl in a folder of their own: good ones, and each kind of bad one.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Identity, Pem } from './test-broker.ts';

export interface TestCertificates {
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

export const makeCertificates = async (): Promise<TestCertificates> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'jetpack-certificates-'));
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
    const signedBy = ['-CA', by.cert.file, '-CAkey', by.key.file, '-CAcreateserial'];
    await openssl('x509', '-req', '-in', `${file}.csr`, ...signedBy, '-days', `${days}`, '-extfile', `${file}.ext`, '-out', `${file}.pem`);
    return identity(file);
  };

  const ca = await authority('ca');
  const wrongCa = await authority('wrong-ca');
  let clients = 0;
  return {
    folder,
    ca,
    wrongCa,
    server: await issue({ file: 'server', commonName: 'localhost', by: ca, extensions: here }),
    byWrongCa: await issue({ file: 'by-wrong-ca', commonName: 'localhost', by: wrongCa, extensions: here }),
    expired: await issue({ file: 'expired', commonName: 'localhost', by: ca, extensions: here, days: 0 }),
    wrongHost: await issue({ file: 'wrong-host', commonName: 'elsewhere', by: ca, extensions: ['subjectAltName=DNS:elsewhere.example', 'extendedKeyUsage=serverAuth'] }),
    client: (commonName, { by = ca, expired = false } = {}) =>
      issue({ file: `client-${++clients}`, commonName, by, extensions: ['extendedKeyUsage=clientAuth'], days: expired ? 0 : 1 }),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
};
