// The limit: frames that were encoded before, fifty a write, and an acknowledgement for every fifty deliveries. What the
// broker and the socket take at most, with a client that costs next to nothing.
import { onFreshQueue, type BrokerAccess } from './fresh.ts';
import { ackEvery, opaqueBody, prefetch, Tally, windowMessages } from './load.ts';
import { ackFrame, confirmSelect, consume, heard, publishFrames, qos, RawChannel } from './raw-wire.ts';

const together = 50;

export interface RawLoad {
  /** A multiple of fifty. */
  readonly messages: number;
  readonly bytes: number;
}

/** Messages a second, from publish to acknowledgement. */
export const rawOneWay = (access: BrokerAccess, { messages, bytes }: RawLoad): Promise<number> =>
  onFreshQueue(access, async ({ exchange, key, queue }) => {
    const [sender, receiver] = await Promise.all([RawChannel.open(access), RawChannel.open(access)]);
    const tally = new Tally(messages);
    const refused = (number: number): void => tally.fail(new Error(`the broker answered with method ${number}`));
    await sender.ask(confirmSelect, heard.selectOk);
    await receiver.ask(qos(prefetch), heard.qosOk);
    receiver.onMethod = (number) => {
      if (number !== heard.delivered) {
        refused(number);
        return;
      }
      const received = tally.received();
      // Delivery tags of a channel count from 1.
      if (received % ackEvery === 0) receiver.write(ackFrame(received));
    };
    await receiver.ask(consume(queue), heard.consumeOk);
    const chunk = Buffer.concat(Array.from({ length: together }, () => publishFrames(exchange, key, opaqueBody(bytes))));
    let sent = 0;
    let confirmed = 0;
    const fill = (): void => {
      while (sent < messages && sent - confirmed + together <= windowMessages) {
        sent += together;
        sender.write(chunk);
      }
    };
    // Confirms come out of order, each for one message or for all up to it: only the highest counts here, and all come in the end.
    const open = new Set<number>();
    let through = 0;
    sender.onMethod = (number, bytes, at) => {
      if (number !== heard.ack) {
        refused(number);
        return;
      }
      const tag = Number(bytes.readBigUInt64BE(at));
      const before = confirmed;
      if (bytes[at + 8] === 1) {
        for (let one = through + 1; one <= tag; one += 1) if (!open.delete(one)) confirmed += 1;
        through = Math.max(through, tag);
      } else if (tag > through) {
        open.add(tag);
        confirmed += 1;
      }
      tally.confirmed(confirmed - before);
      fill();
    };
    const rate = await tally.rate(fill);
    sender.close();
    receiver.close();
    return rate;
  });
