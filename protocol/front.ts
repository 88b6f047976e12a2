// What the front and jetpackd say to each other (docs/PROTOCOL.md), as far as both ends need it: frames, which are a letter, the
// length of the content in four bytes, highest first, and the content. Imports nothing, for the Node form reads it before all else.

/** Of the daemon. */
export type Said = 'O' | 'R' | 'N' | 'F' | 'K' | 'Q' | 'P';

/** Of the front, before its command runs. */
export type Told = 'H' | 'I' | 'T' | 'W' | 'E' | 'A' | 'G';

export const frontVersion = '1';

/** Bytes before the content. */
export const frameHead = 5;

/** What commands look at, and no more: an environment may hold secrets. The same stand in cli/front/jetpack.c. */
export const frontVariables = [
  'JETPACK_HOME',
  'CYCLECLOUD_HOME',
  'CYCLECLOUD_PROJECT_NAME',
  'TRACEPARENT',
  'TRACESTATE',
  'TZ',
  'NO_COLOR',
  'TERM',
  'JETPACK_DEBUG',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
] as const;

export const frame = (type: Said | Told, content: Uint8Array | string = ''): Buffer => {
  const length = Buffer.byteLength(content);
  const bytes = Buffer.allocUnsafe(frameHead + length);
  bytes.write(type, 'latin1');
  bytes.writeUInt32BE(length, 1);
  if (typeof content === 'string') bytes.write(content, frameHead);
  else bytes.set(content, frameHead);
  return bytes;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** What only a process of the caller's own can do, wherever the daemon is: traces of its own, and a stack of where it fails. */
export const needsOwnProcess = (env: Environment): boolean =>
  (env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '') !== '' || (env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '') !== '' || env['JETPACK_DEBUG'] !== undefined;
