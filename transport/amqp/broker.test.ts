import { describe, expect, test } from '@jest/globals';
import { profileOf } from './broker.ts';

/** As recorded from the brokers' connection.start. */
const capabilities = {
  publisher_confirms: true,
  exchange_exchange_bindings: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  consumer_priorities: true,
  authentication_failure_close: true,
  per_consumer_qos: true,
  direct_reply_to: true,
};
const about = { copyright: 'Copyright (c) 2007-2022 VMware, Inc. or its affiliates.', information: 'Licensed under the MPL 2.0.', platform: 'Erlang/OTP 25.2.3' };
const rabbit = (version: string) => ({ ...about, capabilities, cluster_name: 'rabbit@host', product: 'RabbitMQ', version });

describe('what a broker says it is', () => {
  test.each(['3.10.8', '4.0.5', '4.3.0', '5.0.0-beta.1'])('RabbitMQ %s will do', (version) => {
    expect(profileOf(rabbit(version))).toEqual({ ok: true, value: { product: `RabbitMQ ${version}`, doubt: undefined } });
  });

  test.each(['3.9.29', '2.8.0'])('RabbitMQ %s is refused as too old', (version) => {
    expect(profileOf(rabbit(version))).toMatchObject({ ok: false, error: { code: 'broker_unsupported', message: expect.stringContaining(version) } });
  });

  test.each([
    ['publisher_confirms', 'publisher confirms'],
    ['basic.nack', 'basic.nack'],
    ['consumer_cancel_notify', 'notice of cancelled consumers'],
    ['per_consumer_qos', 'a prefetch for each consumer'],
  ])('a broker without %s is refused, and the line names it', (capability, named) => {
    const without = { ...rabbit('4.0.5'), capabilities: { ...capabilities, [capability]: false } };
    expect(profileOf(without)).toMatchObject({ ok: false, error: { code: 'broker_unsupported', message: `RabbitMQ 4.0.5 lacks ${named}` } });
  });

  test('a product that is not known is tried, with a warning', () => {
    expect(profileOf({ ...rabbit('2.1.0'), product: 'LavinMQ' })).toMatchObject({ ok: true, value: { product: 'LavinMQ 2.1.0', doubt: expect.stringContaining('LavinMQ 2.1.0') } });
    expect(profileOf({ ...rabbit(''), product: 'RabbitMQ' })).toMatchObject({ ok: true, value: { doubt: expect.any(String) } });
  });

  test.each([[{}], [undefined], ['RabbitMQ']])('properties that say nothing are refused: %j', (properties) => {
    expect(profileOf(properties)).toMatchObject({ ok: false, error: { code: 'broker_unsupported' } });
  });
});
