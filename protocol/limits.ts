// Bounds on what crosses a boundary, in bytes unless the name says otherwise. They bound memory, not ambition: the
// largest argument Linux passes to a process (128 KiB) fits one event even if every byte is escaped six-fold.

export const limits = {
  /** One frame on the wire. */
  frame: 4 * 1024 * 1024,
  /** One encoded event. */
  event: 1024 * 1024,
  /** The body of one `jetpack send`. */
  userBody: 4 * 1024 * 1024,
  /** One line on a local socket: a user body in base64 and its envelope fit. */
  line: 6 * 1024 * 1024,
  /** Levels of nesting in any JSON from outside. */
  depth: 64,
  /** Events in one frame. */
  eventsPerFrame: 512,
  /** AMQP's limit on a routing key. */
  routingKey: 255,
} as const;
