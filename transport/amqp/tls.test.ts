import { describe, expect, test } from '@jest/globals';
import { connectFailure } from './refusal.ts';
import { tlsOptions } from './tls.ts';

const because = (code: string): Error => Object.assign(new Error(`${code} as OpenSSL says it`), { code });

describe('an encrypted connection that is not made', () => {
  test.each([
    ['CERT_HAS_EXPIRED', 'has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'for another host'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'do not trust'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'do not trust'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'refuses the handshake: certificate required'],
    ['ERR_SSL_NO_PROTOCOLS_AVAILABLE', 'as OpenSSL says it'],
  ])('%s is told in one line', (code, told) => {
    expect(connectFailure(because(code), 'amqps://h/')).toEqual({ code: 'broker_tls', message: expect.stringMatching(`^amqps://h/: .*${told}`) });
  });

  test('what is no matter of TLS stays what it is', () => {
    expect(connectFailure(because('ECONNREFUSED'), 'amqps://h/')).toMatchObject({ code: 'broker_unreachable' });
  });
});

describe('certificates and keys', () => {
  test('without any, the authorities of Node.js are trusted, and nothing older than TLS 1.2 is spoken', () => {
    expect(tlsOptions({})).toEqual({ ok: true, value: { minVersion: 'TLSv1.2' } });
  });

  test('what is none is refused before anything is dialled', () => {
    expect(tlsOptions({ cert: 'nonsense', key: 'nonsense' })).toMatchObject({ ok: false, error: { code: 'broker_tls' } });
  });
});
