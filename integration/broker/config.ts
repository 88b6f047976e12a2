// The files that a test's RabbitMQ reads at its start, equal for Debian's and for a container's but for addresses and paths.
import { credentials, type BrokerOptions } from './test-broker.ts';

/** Where it listens, as rabbitmq.conf writes it, and the folder that its certificates are put into. */
export interface Place {
  readonly tcp: string;
  readonly tls: string;
  /** Lines for the management listener. */
  readonly management: readonly string[];
  readonly certificates: string;
}

export interface ConfigFile {
  /** `conf`, `plugins`, `advanced`: the reader of each knows it by a variable or a usual path. */
  readonly role: 'conf' | 'plugins' | 'advanced' | 'certificate';
  readonly name: string;
  readonly text: string;
}

/** Later lines win over earlier ones, so a test's own come last. */
const settings = ({ config = [], management = false, tls }: BrokerOptions, place: Place): readonly string[] => [
  `listeners.tcp.1 = ${place.tcp}`,
  `default_user = ${credentials.user}`,
  `default_pass = ${credentials.password}`,
  'disk_free_limit.absolute = 1MB',
  ...(management ? place.management : []),
  ...(tls === undefined
    ? []
    : [
        `listeners.ssl.1 = ${place.tls}`,
        `ssl_options.cacertfile = ${place.certificates}/ca.pem`,
        `ssl_options.certfile = ${place.certificates}/server.pem`,
        `ssl_options.keyfile = ${place.certificates}/server.key`,
        'ssl_options.verify = verify_peer',
        'ssl_options.fail_if_no_peer_cert = false',
        'auth_mechanisms.1 = PLAIN',
        'auth_mechanisms.2 = EXTERNAL',
        'ssl_cert_login_from = common_name',
      ]),
  ...config,
];

export const configFiles = (options: BrokerOptions, place: Place): readonly ConfigFile[] => {
  const { advanced, management = false, tls } = options;
  const plugins = [...(management ? ['rabbitmq_management'] : []), ...(tls === undefined ? [] : ['rabbitmq_auth_mechanism_ssl'])];
  return [
    { role: 'conf', name: 'rabbitmq.conf', text: `${settings(options, place).join('\n')}\n` },
    { role: 'plugins', name: 'plugins', text: `[${plugins.join(',')}].\n` },
    ...(advanced === undefined ? [] : [{ role: 'advanced', name: 'advanced.config', text: `${advanced}\n` } as const]),
    ...(tls === undefined
      ? []
      : ([
          { role: 'certificate', name: 'ca.pem', text: tls.ca.cert.text },
          { role: 'certificate', name: 'server.pem', text: tls.server.cert.text },
          { role: 'certificate', name: 'server.key', text: tls.server.key.text },
        ] as const)),
  ];
};
