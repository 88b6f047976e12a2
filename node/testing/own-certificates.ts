// A certificate and its key, and a key of somebody else, for tests that read files in PEM. They were made for this file, and nothing
// anywhere trusts them.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const certText = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUCkCvKTf1YWCXV+yFVa2y7M+tTSswCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjcxNjQ0NDJaGA8yMTI2MTEwMzE2NDQ0
MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAB7
Hk+fGjabHDMibHFCGknoCFvMJSXZ6mvuouq4hNBkuhDaXAhED2xopzUe+L9ZvOAa
Y07XDgfhFrG2FGc68uujUzBRMB0GA1UdDgQWBBQdjl2ZA99LQ/2NCGl1x09jYoj+
UzAfBgNVHSMEGDAWgBQdjl2ZA99LQ/2NCGl1x09jYoj+UzAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDxnHdGPvK61bjKlYP4DxvOOVj4wFTOALW6
NOZ4P/4mTAIgbLNbFxFP+KA9z01l1VQTy7g3OYMP+rX863chuszvZOo=
-----END CERTIFICATE-----
`;

const keyText = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgifahgLko+GRRztLi
UG6zTLFy0QBt85S0Hjp0DGfqijGhRANCAAQAex5Pnxo2mxwzImxxQhpJ6AhbzCUl
2epr7qLquITQZLoQ2lwIRA9saKc1Hvi/WbzgGmNO1w4H4RaxthRnOvLr
-----END PRIVATE KEY-----
`;

const otherKeyText = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWvrdyFBm+JpmMjmh
08KZuSV8lrsk+Y9FXhP0mCfk6K2hRANCAATZ3NVfR858PXiIyZSargUhrz6NJnLC
WtkYkcbRoGHil5L6sO4QK+wOEXUWkA2DFQ19/8Vsw8wIExBrFC/yaMbM
-----END PRIVATE KEY-----
`;

export interface OwnCertificates {
  /** To be removed. */
  readonly folder: string;
  readonly cert: string;
  readonly certText: string;
  readonly key: string;
  readonly keyText: string;
  readonly otherKey: string;
}

export const ownCertificates = (): OwnCertificates => {
  const folder = mkdtempSync(path.join(tmpdir(), 'own-certificates-'));
  const written = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return { folder, cert: written('own.pem', certText), certText, key: written('own.key', keyText), keyText, otherKey: written('other.key', otherKeyText) };
};
