// amqplib hands the socket each frame by itself, and a socket that is free makes a system call of each: a burst of publishes
// costs most of its time there. What is written in one go is gathered here and goes out as one, when the code that writes
// it has come to its end: nothing is held back for a later turn.
import { Writable } from 'node:stream';

type Done = (error: Error | null | undefined) => void;

const socketOf = (connection: object): Writable | undefined => {
  // Not in amqplib's types, and the same in all its versions so far; without it all works, only slower.
  const stream: unknown = 'stream' in connection ? connection.stream : undefined;
  return stream instanceof Writable ? stream : undefined;
};

/** Once for a connection of amqplib's. */
export const gatherWrites = (connection: object): void => {
  const socket = socketOf(connection);
  if (socket === undefined) return;
  const write = socket.write.bind(socket);
  let gathering = false;
  const release = (): void => {
    gathering = false;
    socket.uncork();
  };
  socket.write = (chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      process.nextTick(release);
    }
    return typeof encoding === 'string' ? write(chunk, encoding, done) : write(chunk, encoding);
  };
};
