// What the broker's refusals mean. amqplib hands most of them over as text.
import type { Failure } from '../../protocol/result.ts';
import { reasonOf } from '../reason.ts';
import { tlsReason } from './tls.ts';

/** A failed connect. `shown` is the address without its credentials. */
export const connectFailure = (error: unknown, shown: string): Failure => {
  const reason = reasonOf(error);
  // The broker's answer to SASL (RabbitMQ: "ACCESS_REFUSED - Login was refused ...").
  if (reason.includes('ACCESS_REFUSED') || reason.includes('ACCESS-REFUSED')) {
    return { code: 'broker_credentials', message: `${shown} refuses the user name or password` };
  }
  // amqplib leaves out why the broker closed instead of opening the virtual host: as a rule it does not exist or is not
  // this user's, but a broker that is shutting down answers the same.
  if (reason.includes('Expected ConnectionOpenOk; got <ConnectionClose')) {
    return { code: 'broker_vhost', message: `${shown} does not open its virtual host to this user` };
  }
  const handshake = tlsReason(error);
  if (handshake !== undefined) return { code: 'broker_tls', message: `${shown}: ${handshake}` };
  return { code: 'broker_unreachable', message: `${shown}: ${reason}` };
};

export const replyCodeOf = (error: unknown): unknown => (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined);

/** A declaration or a consume that failed. RabbitMQ's text names the queue or exchange and the argument that differs. */
export const channelFailure = (error: unknown): Failure => {
  const reason = reasonOf(error);
  switch (replyCodeOf(error)) {
    case 406:
      return { code: 'topology_mismatch', message: reason };
    case 403:
      return { code: 'broker_vhost', message: `the user may not declare or use what it needs on the broker, grant it with rabbitmqctl set_permissions: ${reason}` };
    default:
      return { code: 'broker_unreachable', message: reason };
  }
};

/** Why a channel that was published on has ended. */
export const publishFailure = (reason: string): Failure =>
  // With a client certificate the broker chooses the user, and it may not be the one that the URL names.
  reason.includes('user_id property set to')
    ? { code: 'broker_credentials', message: `the broker knows us as another user than the URL names: ${reason}` }
    : { code: 'transport_closed', message: reason };
