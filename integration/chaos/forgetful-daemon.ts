// jetpackd with a mistake planted in it, to show that a chaos run finds one: of every fiftieth report of a user it says that it is
// durable, and keeps nothing of it.
import { ok } from '../../protocol/result.ts';
import { runWrappedDaemon } from '../cluster/daemon.ts';

const keptOf = 50;
let reports = 0;

await runWrappedDaemon({
  overOutbox: (outbox) => ({
    streams: () => outbox.streams(),
    find: (stream) => outbox.find(stream),
    read: (...range) => outbox.read(...range),
    applied: (...upTo) => outbox.applied(...upTo),
    release: (...row) => outbox.release(...row),
    depth: () => outbox.depth(),
    close: () => outbox.close(),
    append(entries) {
      const forgets = entries.some(({ payload }) => payload.includes('"kind":"log"')) && ++reports % keptOf === 0;
      return forgets ? Promise.resolve(ok([])) : outbox.append(entries);
    },
  }),
});
