import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../protocol/result.ts';
import type { BlobOrder } from './host.ts';
import { runFake } from './testing/fake-host.ts';

const downloading = () => {
  const orders: BlobOrder[] = [];
  const download = async (order: BlobOrder) => {
    orders.push(order);
    return ok(undefined);
  };
  return { orders, own: { download } };
};

describe('jetpack download, as scripts in the field call it', () => {
  test.each([
    [['pkg.tar.gz', '--project', 'pbspro', './'], { project: 'pbspro', blob: 'pkg.tar.gz', to: '/', folder: true }],
    [['--project', 'slurm', 'api.tar.gz', 'cyclecloud-api.tar.gz'], { project: 'slurm', blob: 'api.tar.gz', to: '/cyclecloud-api.tar.gz', folder: false }],
    [['--project=blender', 'examples/benchmark.zip', '/data/'], { project: 'blender', blob: 'examples/benchmark.zip', to: '/data', folder: true }],
    [['azcopy', '/shared/home/ana', '--project', 'QCMD'], { project: 'QCMD', blob: 'azcopy', to: '/shared/home/ana', folder: false }],
    [['data.dat', '/tmp/data.dat'], { project: 'around', blob: 'data.dat', to: '/tmp/data.dat', folder: false }],
    [['data.dat'], { project: 'around', blob: 'data.dat', to: '/', folder: true }],
    [['data.dat', '.'], { project: 'around', blob: 'data.dat', to: '/', folder: true }],
    [['data.dat', 'a/..'], { project: 'around', blob: 'data.dat', to: '/', folder: true }],
    [['data.dat', 'a.'], { project: 'around', blob: 'data.dat', to: '/a.', folder: false }],
  ])('%j', async (args, order) => {
    const { orders, own } = downloading();
    expect(await runFake(['download', ...args], { own, env: { CYCLECLOUD_PROJECT_NAME: 'around' } })).toMatchObject({ exit: 0, out: '', err: '' });
    expect(orders).toEqual([order]);
  });

  test.each([
    [['x', '--project', '']],
    [['']],
    [['../x', '--project', 'p']],
    [['/etc/passwd', '--project', 'p']],
    [['a//b', '--project', 'p']],
    [['x', '', '--project', 'p']],
    [['x', 'y', 'z', '--project', 'p']],
    [[]],
    [['x']],
  ])('%j is refused in one line', async (args) => {
    expect(await runFake(['download', ...args])).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(/^jetpack download: [^\n]+; see jetpack download --help\n$/) });
  });

  test('one that fails says why in one line, and prints nothing', async () => {
    const ran = await runFake(['download', 'x', '--project', 'p'], { own: { download: async () => fail('project_missing', 'it is\nnot there') } });
    expect(ran).toMatchObject({ exit: 1, out: '', err: 'jetpack download: it is not there (project_missing)\n' });
  });
});
