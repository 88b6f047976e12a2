// The part of sync that sees to commands of the server: makes each durable, has it carried out once, and answers.
//
// A command under way is remembered in memory, and taken up from the durable record by the next incarnation or the next start.
// What fails in a passing way (the actor asked crashed, or was too busy) is tried again after a pause; what cannot be made
// durable is, too, and an unanswered server asks again. It never carries out what was answered.
import type { Logger } from '../../../effects/logger.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { FrameOf } from '../../../protocol/frames.ts';
import { assertNever, fail, type Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { SpanHandle } from '../../../telemetry/span.ts';
import type { ActorContext } from '../../definition.ts';
import type { ActorRef } from '../../ref.ts';
import { carryOut, type CarryOutPorts } from './carry-out.ts';
import { startCommandSpan, type CommandArrival } from './command-span.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { Orders, type Order, type OrdersPorts, type Outcome } from './orders.ts';

interface About {
  readonly order: Order;
  readonly trace: TraceContext | undefined;
}

export type OrderMessage =
  | { readonly type: 'orderKept'; readonly command: string; readonly result: Result<Order>; readonly trace: TraceContext | undefined }
  | ({ readonly type: 'carryOut' } & About)
  | ({ readonly type: 'carriedOut'; readonly result: Result<Outcome> } & About)
  | ({ readonly type: 'answer again'; readonly outcome: Outcome } & About)
  | ({ readonly type: 'answered'; readonly outcome: Outcome; readonly result: Result<unknown> } & About)
  | { readonly type: 'repeated' };

export interface OrderDeskPorts extends CarryOutPorts, OrdersPorts {
  readonly messaging: ActorRef<DrainPending>;
  readonly logger: Logger;
}

type Context = ActorContext<OrderMessage>;

/** How soon what failed in a passing way is tried again. */
const againMs = 5_000;

const endSpan = (span: SpanHandle, failure: ErrorCode | undefined): void => {
  if (failure !== undefined) span.fail(failure);
  span.end();
};

export class OrderDesk {
  readonly #ports: OrderDeskPorts;
  readonly #orders: Orders;
  /** Commands that are being accepted, carried out or answered. */
  readonly #underWay = new Set<string>();

  constructor(ports: OrderDeskPorts) {
    this.#ports = ports;
    this.#orders = new Orders(ports);
  }

  /** Takes up what an earlier life accepted. */
  begin(context: Context): void {
    for (const order of this.#orders.open()) {
      this.#underWay.add(order.command);
      context.tell(context.self, { type: 'carryOut', order, trace: order.trace });
    }
  }

  take(frame: FrameOf<'command'>, arrival: CommandArrival | undefined, context: Context): void {
    const { command } = frame.body;
    const known = this.#orders.find(command);
    const isUnderWay = this.#underWay.has(command);
    const span = startCommandSpan(frame, arrival, isUnderWay || known !== undefined, this.#ports.clock.now());
    if (isUnderWay) {
      span.end();
      return;
    }
    this.#underWay.add(command);
    if (known !== undefined) this.#repeat(known, span, context);
    else this.#accept(frame, span, context);
  }

  #repeat(known: Order, span: SpanHandle, context: Context): void {
    const { trace } = span;
    const done = (failure: ErrorCode | undefined): OrderMessage => {
      endSpan(span, failure);
      return { type: 'repeated' };
    };
    context.pipeToSelf(this.#orders.repeat(known, trace), (result) => done(result.ok ? undefined : result.error.code), () => done('internal'));
    if (known.state === 'accepted') context.tell(context.self, { type: 'carryOut', order: known, trace });
    else this.#underWay.delete(known.command);
  }

  #accept(frame: FrameOf<'command'>, span: SpanHandle, context: Context): void {
    const { trace } = span;
    const kept = (result: Result<Order>): OrderMessage => {
      endSpan(span, result.ok ? undefined : result.error.code);
      return { type: 'orderKept', command: frame.body.command, result, trace };
    };
    context.pipeToSelf(this.#orders.accept({ ...frame, trace }), kept, (error) => kept(fail('internal', String(error))));
  }

  receive(message: OrderMessage, context: Context): void {
    const { logger, messaging } = this.#ports;
    switch (message.type) {
      case 'orderKept': {
        const { command, result, trace } = message;
        if (!result.ok) {
          this.#underWay.delete(command);
          logger.warn(`a command of the server could not be kept: ${result.error.message}`, { command, code: result.error.code });
          return;
        }
        context.tell(messaging, { type: 'pending' });
        if (result.value.state !== 'accepted') {
          this.#underWay.delete(command);
          return;
        }
        logger.info(`the server asks for ${result.value.name}`, { command });
        this.#carryOut({ order: result.value, trace }, context);
        return;
      }
      case 'carryOut':
        this.#carryOut(message, context);
        return;
      case 'carriedOut': {
        const { order, result, trace } = message;
        if (result.ok) {
          this.#answer({ order, trace }, result.value, context);
          return;
        }
        logger.warn(`the server's ${order.name} is tried again: ${result.error.message}`, { command: order.command, code: result.error.code });
        context.later(againMs, { type: 'carryOut', order, trace });
        return;
      }
      case 'answer again':
        this.#answer(message, message.outcome, context);
        return;
      case 'answered': {
        const { order, outcome, result, trace } = message;
        if (result.ok) {
          this.#underWay.delete(order.command);
          context.tell(messaging, { type: 'pending' });
          return;
        }
        logger.warn(`an answer to the server could not be kept: ${result.error.message}`, { command: order.command, code: result.error.code });
        context.later(againMs, { type: 'answer again', order, outcome, trace });
        return;
      }
      case 'repeated':
        context.tell(messaging, { type: 'pending' });
        return;
      default:
        assertNever(message);
    }
  }

  #carryOut({ order, trace }: About, context: Context): void {
    context.pipeToSelf(
      carryOut(order, this.#ports, context, trace),
      (result) => ({ type: 'carriedOut', order, result, trace }),
      (error) => ({ type: 'carriedOut', order, result: fail('internal', String(error)), trace }),
    );
  }

  #answer({ order, trace }: About, outcome: Outcome, context: Context): void {
    context.pipeToSelf(
      this.#orders.settle(order, outcome, trace),
      (result) => ({ type: 'answered', order, outcome, result, trace }),
      (error) => ({ type: 'answered', order, outcome, result: fail('internal', String(error)), trace }),
    );
  }
}
