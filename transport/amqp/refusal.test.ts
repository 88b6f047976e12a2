import { describe, expect, test } from '@jest/globals';
import { connectFailure, channelFailure } from './refusal.ts';

// The texts are those of amqplib 2.3 with RabbitMQ 3.10; the integration suite meets the real ones.
describe("what the broker's refusals mean", () => {
  test.each([
    ['Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused"', 'broker_credentials'],
    ['Expected ConnectionOpenOk; got <ConnectionClose channel:0>', 'broker_vhost'],
    ['connect ECONNREFUSED 10.0.0.4:5672', 'broker_unreachable'],
    ['Socket closed abruptly during opening handshake', 'broker_unreachable'],
  ])('a connect that fails with %p', (text, code) => {
    expect(connectFailure(new Error(text), 'amqp://h/v')).toMatchObject({ code, message: expect.stringContaining('amqp://h/v') });
  });

  test.each([
    [406, 'topology_mismatch'],
    [541, 'broker_unreachable'],
    [undefined, 'broker_unreachable'],
  ])('a declaration that fails with %p', (code, meaning) => {
    expect(channelFailure(Object.assign(new Error('inequivalent arg'), { code }))).toEqual({ code: meaning, message: 'inequivalent arg' });
  });

  test('a declaration that fails with 403 is told as a permission that is missing, and not as a virtual host', () => {
    const text = "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'u'";
    expect(channelFailure(Object.assign(new Error(text), { code: 403 }))).toEqual({
      code: 'broker_vhost',
      message: `the user may not declare or use what it needs on the broker, grant it with rabbitmqctl set_permissions: ${text}`,
    });
  });
});
