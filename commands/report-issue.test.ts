import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../protocol/result.ts';
import type { ReportOrder } from './host.ts';
import { runFake } from './testing/fake-host.ts';

const config = JSON.stringify({ cyclecloud: { cluster: { name: 'hpc lab/1' }, node: { name: 'n1' } } });
const id = '01938a5e-0000-7000-8000-000000000000';

const reporting = () => {
  const orders: ReportOrder[] = [];
  const report = async (order: ReportOrder) => {
    orders.push(order);
    return ok(undefined);
  };
  return { orders, own: { report } };
};

describe('jetpack report_issue', () => {
  test('packs the logs of the home into the current folder, and says where', async () => {
    const { orders, own } = reporting();
    const ran = await runFake(['report_issue'], { config, own, answer: () => ok({ phase: 'ready' }) });
    expect(ran).toMatchObject({ exit: 0, out: `Logs can be found at: /hpc_lab_1-n1-${id}.zip\n`, err: '' });
    expect(orders).toEqual([{ logs: undefined, archive: `/hpc_lab_1-n1-${id}.zip`, documents: { 'node.json': ok(expect.any(Object)), 'status.json': ok({ phase: 'ready' }) } }]);
  });

  test('makes do without a daemon and without a configuration', async () => {
    const { orders, own } = reporting();
    expect(await runFake(['report-issue'], { own })).toMatchObject({ exit: 0, out: `Logs can be found at: /cluster-node-${id}.zip\n`, err: '' });
    expect(orders[0]?.documents).toMatchObject({ 'node.json': { ok: false }, 'status.json': { ok: false, error: { code: 'daemon_unreachable' } } });
  });

  const noStorage = 'jetpack report_issue: this installation has no storage to upload to: the archive stays on this node\n';
  test.each([
    [['--no-upload'], ''],
    [['--no-sign'], ''],
    [['--no-upload', '--sign'], ''],
    [['--upload'], noStorage],
    [['--upload', '--no-sign'], noStorage],
    [['--sign'], noStorage],
  ])('%j', async (options, err) => {
    const { orders, own } = reporting();
    const ran = await runFake(['report_issue', ...options, 'var/log'], { config, own });
    expect(ran).toMatchObject({ exit: 0, out: expect.stringMatching(/^Logs can be found at: .*\.zip\n$/), err });
    expect(orders[0]?.logs).toBe('/var/log');
  });

  test('that fails prints nothing but the line that says why', async () => {
    const ran = await runFake(['report_issue'], { config, own: { report: async () => fail('file_unwritable', 'the disk is full') } });
    expect(ran).toMatchObject({ exit: 1, out: '', err: 'jetpack report_issue: the disk is full (file_unwritable)\n' });
  });

  test.each([[['']], [['a', 'b']], [['--uplaod']]])('%j is refused', async (args) => {
    expect(await runFake(['report_issue', ...args])).toMatchObject({ exit: 2, out: '' });
  });
});
