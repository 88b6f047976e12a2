// What the pool of shared brokers answers, as JSON.

/** The environment variable with the path of the pool's socket: jest's workers inherit it. */
export const socketVariable = 'JETPACK_TEST_BROKER_POOL';

/** How a broker is reached, as the administrator of all of it. */
export interface SharedAddress {
  readonly name: string;
  readonly version: string;
  readonly user: string;
  readonly password: string;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly managementUrl: string | undefined;
  /** The folder of the certificates that it serves with. */
  readonly certificates: string;
}

export type PoolAnswer = { readonly address: SharedAddress } | { readonly problem: string };
