// A RabbitMQ for tests, whatever it runs in: Debian's package (rabbit.ts) or a container (container.ts). One that suites share
// (shared/) gives each a virtual host; one of a test's own is started and ended by it:
//
//   started --stop or kill--> stopped --start--> started ... --dispose--> gone, with its data
//
// What is durable on it survives a stop and a kill, and its ports stay the same. It listens on the loopback interface only.

/** `installed`: Debian's package. `4` and `next`: images, of RabbitMQ 4.0 and of the newest. */
export type BrokerName = 'installed' | '4' | 'next';

export const brokerNames: readonly BrokerName[] = ['installed', '4', 'next'];

/** A RabbitMQ that this machine can start. To be put into `describe.each(...)('on $title', ...)`. */
export interface BrokerKind {
  readonly name: BrokerName;
  /** As a test's name shows it: "RabbitMQ 4.0.5". */
  readonly title: string;
  readonly version: string;
  readonly source: { readonly type: 'installed'; readonly bin: string } | { readonly type: 'image'; readonly image: string };
}

/** PEM, as text and as the file that holds it. */
export interface Pem {
  readonly text: string;
  readonly file: string;
}

/** A certificate with its key. */
export interface Identity {
  readonly cert: Pem;
  readonly key: Pem;
}

/** What a broker shows, and whom it believes: it asks for a client's certificate, and does without unless `config` says otherwise. */
export interface ServerTls {
  readonly ca: { readonly cert: Pem };
  readonly server: Identity;
}

export interface BrokerOptions {
  /** The management plugin and its HTTP API. */
  readonly management?: boolean;
  /** A TLS listener, and login by the CN of a client's certificate (EXTERNAL). `certificates.ts` makes them. */
  readonly tls?: ServerTls;
  /** Lines of rabbitmq.conf. They win over those of the suite. */
  readonly config?: readonly string[];
  /** The text of advanced.config, an Erlang term with its full stop. */
  readonly advanced?: string;
}

export interface UrlOptions {
  /** As it is written in a URL. */
  readonly vhost?: string;
  readonly user?: string;
  readonly password?: string;
  /** The address of the TLS listener: amqps. */
  readonly tls?: boolean;
}

/** What any broker offers. */
export interface TestBroker {
  /** "RabbitMQ 4.0.5". */
  readonly name: string;
  readonly version: string;
  /** An administrator of the virtual host that `url` leads to. */
  readonly user: string;
  readonly password: string;
  readonly port: number;
  /** Of its TLS listener, if it has one. */
  readonly tlsPort: number | undefined;
  /** "http://127.0.0.1:PORT", if it has the plugin; to be used with `user` and `password`. */
  readonly managementUrl: string | undefined;
  url(options?: UrlOptions): string;
  dispose(): Promise<void>;
}

/** What only a broker of one's own offers. */
export interface OwnBroker extends TestBroker {
  /** Runs rabbitmqctl; its standard output. Rejects with what it said when it fails. Each run takes seconds. */
  ctl(...args: readonly string[]): Promise<string>;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** Ends in good order. */
  stop(): Promise<void>;
  /** Ends at once, as a power failure would. */
  kill(): Promise<void>;
}

/** Between these RabbitMQ changed what the transport has to do with: what counts as a delivery, and what a slow consumer costs. */
export const bands = ['below 4', '4.0 to 4.2', 'from 4.3'] as const;

export type Band = (typeof bands)[number];

export const bandOf = (version: string): Band => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 4) return 'below 4';
  return major === 4 && minor < 3 ? '4.0 to 4.2' : 'from 4.3';
};

export const credentials = { user: 'jetpack', password: 'not-so-secret' } as const;

interface Reached {
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly user: string;
  readonly password: string;
}

/** `own`: the virtual host that it leads to unless it is told otherwise. */
export const brokerUrlOf = (broker: Reached, options: UrlOptions = {}, own = ''): string => {
  const { password = broker.password, tls = false, user = broker.user, vhost = own } = options;
  const [scheme, port] = tls ? ['amqps', broker.tlsPort] : ['amqp', broker.port];
  if (port === undefined) throw new Error('this broker was started without a TLS listener');
  return `${scheme}://${user}:${password}@127.0.0.1:${port}/${vhost}`;
};
