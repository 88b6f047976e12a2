// cycle_server.log: one line an event, in order of position (reference, section 5.5).
import type { EventLog, StoredEvent } from '../actors/server/ports.ts';
import { eventLogLine } from '../telemetry/event-log-line.ts';
import type { LogSink } from '../telemetry/logger.ts';

/** `from` is the position that an earlier process has written up to. */
export const eventLogOver = (sink: LogSink, from: number): EventLog => {
  let position = from;
  return {
    get position() {
      return position;
    },
    write(event: StoredEvent) {
      position = event.position;
      sink.write(eventLogLine(event.receivedAt, event.level, `${event.cluster}/${event.node} ${event.message}`));
    },
  };
};
