// The closed list of error codes. docs/ERRORS.md is generated from it (`npm run docs`) and a test holds the two equal.
// Outcomes a caller may expect are values that carry one of these codes; exceptions are crashes and belong to a supervisor.

interface ErrorEntry {
  /** Exit code of a command that ends with it: 2 for usage, 1 for failure. */
  readonly exit: 1 | 2;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean;
  readonly meaning: string;
  readonly remedy: string;
}

const entry = (exit: 1 | 2, retryable: boolean, meaning: string, remedy: string): ErrorEntry => ({ exit, retryable, meaning, remedy });

export const errors = {
  // The command line and files
  usage: entry(2, false, 'An option or argument is wrong or missing.', 'The line names it; `-h` shows the right form.'),
  config_invalid: entry(1, false, 'A configuration file holds something unusable.', 'Correct what the line names.'),
  home_unusable: entry(1, false, 'The home folder, its run/ folder or a socket in it cannot be made or used.', 'Check that the home exists, is writable and its disk has room, or name another with --home.'),
  file_unreadable: entry(1, false, 'A file named by the caller cannot be read.', 'Check its path and permissions.'),
  file_unwritable: entry(1, false, 'A file or folder named by the caller cannot be written.', 'Check that its folder exists, is writable and its disk has room.'),
  message_too_large: entry(1, false, 'A message is larger than the limit.', 'Send a shorter message, or put the content elsewhere and send its address.'),
  routing_key_invalid: entry(2, false, 'A routing key is empty, longer than 255 bytes or holds control characters.', 'Use words joined by dots.'),
  exchange_refused: entry(1, false, 'A node may not publish to that exchange.', 'Leave --exchange out: the message goes to the exchange of users, and an exchange of yours can be bound to that one.'),
  spool_unwritable: entry(1, true, 'The daemon is away and the spool folder cannot be written.', 'Check that run/spool exists, is writable and its disk has room.'),
  instance_changed: entry(1, true, 'The cloud says that this machine is another instance than the one that the home belongs to.', 'Start jetpackd again: it begins with fresh state. A machine made from an image of a node needs an identity of its own: `jetpackd enroll`.'),
  already_running: entry(1, false, 'Another process already serves this home.', 'Stop it first, or choose another --home.'),
  port_unavailable: entry(1, true, 'The address for the HTTP API, or the HTTP port of a node, cannot be listened on.', 'Choose another --listen or cyclecloud.jetpack.http_port, or stop what uses it.'),

  // The local sockets
  daemon_unreachable: entry(1, true, 'jetpackd does not answer on its socket.', 'Start jetpackd, or look into logs/jetpackd.log. One that runs and does not answer is named by its process id, where that can be known: look at that process.'),
  handshake_unsupported: entry(1, false, 'Client and daemon share no version of the local protocol.', 'Use the jetpack command that came with this jetpackd.'),
  request_invalid: entry(2, false, 'A request, on a local socket or to the HTTP API, is not what it should be.', 'The line names the field or parameter.'),
  forbidden: entry(1, false, 'This socket, or the HTTP API, does not serve that request to this caller.', 'On a node run the command as root, for run/admin.sock serves it; ask the HTTP API from the machine of the server.'),
  busy: entry(1, true, 'A bound on connections, bytes or queued work is reached.', 'Try again; the bound frees itself.'),

  // The functions of a node
  key_missing: entry(1, false, 'The configuration has no such key, and no default was given.', '`jetpack config --json` shows the whole tree.'),
  config_damaged: entry(1, false, 'config/node.json cannot be read, and no earlier good one either.', 'Start jetpackd, which writes it anew; the damaged file is set aside.'),
  state_unwritable: entry(1, true, "The node's state cannot be written.", 'Check the disk under run/: space, permissions, read-only mount.'),
  project_missing: entry(1, true, 'A project, version or spec is not in its locker.', 'Upload it, or correct cyclecloud.cluster_init_specs.'),
  project_unusable: entry(1, false, 'A project cannot be used as it is.', 'The line names the file and what is wrong in it.'),
  script_failed: entry(1, true, 'A script of a project did not end well, so the converge stopped; or one that was registered for the end of the node.', 'The card has the end of its output; mend the script, upload, converge again. Those of the end write to logs/run_on_shutdown.'),
  tool_missing: entry(1, false, 'A program that was asked for is not installed on this machine, or may not do its work here.', 'Install it, or allow it (strace needs ptrace); the line names it.'),
  script_unknown: entry(1, false, 'No such script is registered for the end of the node.', '`jetpack run_on_shutdown --list` shows those that are.'),
  tests_failed: entry(1, true, 'Tests of a project did not pass.', 'Standard output says which, and ends with what they wrote.'),
  converge_running: entry(1, true, 'A converge is under way on this node.', 'Wait until it has ended; `jetpack status` tells.'),
  wait_unmet: entry(1, true, 'What was waited for did not come in time.', 'The line says how the nodes stand. Where the broker was away, the code is that of the broker.'),
  command_expired: entry(1, false, 'A command of the server came after its time.', 'Give it again.'),

  // Actors
  timeout: entry(1, true, 'No answer before the deadline.', 'Try again; if it lasts, look at the named actor in the log.'),
  actor_crashed: entry(1, true, 'The actor failed while handling the request.', 'Try again; the log holds the cause.'),
  actor_stopped: entry(1, true, 'The actor stopped before it answered.', 'Try again once the daemon is up.'),

  // The outbox and the store
  outbox_full: entry(1, true, 'The outbox has reached its bound and nothing less important can give way.', 'Restore the connection to the broker, or raise the bound.'),
  outbox_unwritable: entry(1, true, 'The outbox cannot be written.', 'Check the disk under run/: space, permissions, read-only mount.'),
  store_unwritable: entry(1, true, "The server's store cannot be written.", "Check the disk under the server's home."),
  store_fenced: entry(1, false, 'Another cycle-server has opened this store, so this one may write to it no more.', 'Run one cycle-server on a home, and keep the home on a disk of its machine.'),
  stream_conflict: entry(1, false, 'A stream that belongs to one node was sent by another.', 'Two nodes share one run/ folder, or one was cloned: give each its own.'),

  // The broker
  broker_unreachable: entry(1, true, 'The broker does not answer.', 'Check its address, that it runs, and the network between.'),
  broker_credentials: entry(1, false, 'The broker refuses the user name or password.', 'Correct the credentials in the URL; a node whose identity was revoked needs a new one: `jetpackd enroll`.'),
  broker_vhost: entry(1, false, 'The virtual host does not exist or this user may not use it.', 'Create it or grant access: rabbitmqctl add_vhost, set_permissions.'),
  broker_tls: entry(1, false, 'The encrypted connection to the broker cannot be made.', 'Check --ca, --cert and --key, and that the certificate of the broker names its host; the line says what does not hold.'),
  broker_unsupported: entry(1, false, 'The broker lacks what delivery rests on.', 'Use RabbitMQ 3.10 or newer; the line names what is missing.'),
  topology_missing: entry(1, true, 'An exchange that the server makes is not there yet.', 'Start cycle-server; until then it is asked for again by itself.'),
  topology_mismatch: entry(1, false, 'A queue or exchange exists with other arguments than ours.', 'Delete it or use another --prefix; the line names the argument.'),
  unroutable: entry(1, false, 'No queue is bound for the routing key.', 'Bind a queue to the exchange with that key.'),
  nacked: entry(1, true, 'The broker refused the message.', 'A queue is full or failing; see the broker.'),
  unconfirmed: entry(1, true, 'The broker did not confirm in time, so the outcome is unknown.', 'Sent again by itself under the same id.'),
  transport_closed: entry(1, true, 'The connection closed before the outcome was known.', 'Sent again by itself under the same id.'),

  // Identities
  identity_refused: entry(1, false, 'A frame or a posted message is not of the node whose user sent it, or that user has no identity, or none any more.', 'Enroll the node; look into who has its credentials.'),
  enrolment_off: entry(1, false, 'This server makes no identities.', 'Start it with --management.'),
  identity_unknown: entry(1, false, 'This server has no identity and no token for that node.', '`cycle-server identities` lists them.'),
  token_unknown: entry(1, false, 'The token is not one of this server, or was withdrawn.', 'Check that it is whole; else make a new one: `cycle-server enroll`.'),
  token_used: entry(1, false, 'The token was used before.', 'If it was not you, revoke the identity; then make a new token: `cycle-server enroll`.'),
  token_expired: entry(1, false, 'The token came after its time.', 'Make a new one: `cycle-server enroll`.'),
  management_failed: entry(1, true, "The broker's management API does not do what it is asked.", 'Check --management: address, name and password, that its user is an administrator.'),
  server_unreachable: entry(1, true, 'The API of cycle-server does not answer, or not as it should.', 'Check --server: address, that it runs, and the network between.'),

  // Frames and events
  frame_oversize: entry(1, false, 'A frame is larger than the limit.', 'The sender is not a jetpack of this version.'),
  frame_corrupt: entry(1, false, 'A frame is not JSON, nests too deeply, or misses what its kind requires.', 'The dead-letter queue keeps its bytes.'),
  frame_version_unknown: entry(1, false, 'A frame has a major version this program does not speak.', 'Upgrade the older side.'),
  frame_kind_unknown: entry(1, false, 'A frame has a kind this program does not know.', 'Upgrade the older side.'),
  event_kind_unknown: entry(1, false, 'One event inside a readable frame has a kind this program does not know; it is stored raw.', 'Upgrade the older side.'),
  event_unreadable: entry(1, false, 'One event inside a readable frame cannot be read; it is stored raw.', 'See the stored event for its reason.'),
  not_registered: entry(1, true, 'The server has no record of a node that sends heartbeats.', 'The node registers again by itself.'),
  version_unsupported: entry(1, false, 'Node and server share no protocol version.', 'Upgrade the older side.'),

  internal: entry(1, false, 'A defect of this program.', 'Report it with the log.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;

export const errorCodes: readonly ErrorCode[] = Object.keys(errors).filter((code): code is ErrorCode => code in errors);

/** A crash with a code. Discriminate on `code`, not `instanceof`: jest and vm realms break the latter. */
export class JetpackError extends Error {
  override readonly name = 'JetpackError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
