// Transport encryption: what a connection over `amqps:` is opened with. The certificate of the broker must be signed by whom we
// trust and name the host of the URL.
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { reasonOf } from '../reason.ts';
import type { TlsMaterial } from './options.ts';

/** Fails with `broker_tls` when a certificate or key is not what it should be, before anything is dialled. */
export const tlsOptions = ({ ca, cert, key, passphrase }: TlsMaterial): Result<ConnectionOptions> => {
  const options: ConnectionOptions = {
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  try {
    createSecureContext(options);
    return ok(options);
  } catch (error) {
    return fail('broker_tls', `the authority, the certificate or the key cannot be used: ${reasonOf(error)}`);
  }
};

/** What Node.js calls a broker's certificate that does not hold. */
const meanings: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate of the broker has expired',
  CERT_NOT_YET_VALID: 'the certificate of the broker is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the broker is for another host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the broker is signed by itself, and not by whom we trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the broker is signed by an authority we do not trust',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate of the broker is signed by an authority we do not trust',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of the broker is signed by an authority we do not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the broker is signed by an authority we do not trust',
  CERT_SIGNATURE_FAILURE: 'the certificate of the broker is signed by an authority we do not trust',
  CERT_REVOKED: 'the certificate of the broker is revoked',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the port does not speak TLS',
};

/** Why a handshake failed, when it is one that no second attempt mends. */
export const tlsReason = (error: unknown): string | undefined => {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return undefined;
  // What the other side says about us, such as `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`.
  const alert = /^ERR_SSL_.*ALERT_(.+)$/.exec(code)?.[1];
  if (alert !== undefined) return `the broker refuses the handshake: ${alert.toLowerCase().replaceAll('_', ' ')}`;
  return meanings[code] ?? (code.startsWith('ERR_SSL_') ? reasonOf(error) : undefined);
};
