import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../protocol/result.ts';
import { requestSchema } from '../protocol/local.ts';
import { runFake } from './testing/fake-host.ts';

const config = JSON.stringify({ text: 'a b', on: true, none: null, list: [1, 'x'], tree: { a: 1.5 } });

describe('jetpack config --raw', () => {
  test.each([
    ['text', 'a b'],
    ['on', 'true'],
    ['none', 'null'],
    ['list', '[1,"x"]'],
    ['tree', '{"a":1.5}'],
  ])('%s is %s', async (key, text) => expect(await runFake(['config', key, '--raw'], { config })).toMatchObject({ exit: 0, out: `${text}\n`, err: '' }));

  test('of a missing key is its default, as it is', async () => expect(await runFake(['config', '--raw', 'nope', 'None'], { config })).toMatchObject({ exit: 0, out: 'None\n' }));
});

describe('options that do not go together', () => {
  test.each([
    [['a', '--json', '--raw'], "options '--json' and '--raw' do not go together"],
    [['a', '--explain', '--watch'], "options '--explain' and '--watch' do not go together"],
    [['a', '--explain', '--raw'], "options '--explain' and '--raw' do not go together"],
    [['--explain'], "option '--explain' needs a key"],
  ])('%j', async (argv, why) => expect(await runFake(['config', ...argv], { config })).toMatchObject({ exit: 2, out: '', err: `jetpack config: ${why}; see jetpack config --help\n` }));
});

describe('jetpack config --explain', () => {
  const explained = [
    { layer: 'facts', value: { total: 4 } },
    { layer: 'configuration', value: { total: 2, cores: 1 } },
    { layer: 'seed', value: 'four' },
  ];

  test('shows the layer that counts first, what is merged with it, and what is hidden', async () => {
    const { asked, out } = await runFake(['config', 'cpu', '--explain'], { config, answer: () => ok(explained) });
    expect(out).toBe('layer\t\tvalue\nfacts\tcounts\t{"total":4}\nconfiguration\tmerged\t{"total":2,"cores":1}\nseed\thidden\t"four"\n');
    expect(requestSchema.parse(asked[0]?.request)).toMatchObject({ verb: 'explain', key: 'cpu' });
    const json = await runFake(['config', 'cpu', '--explain', '--json'], { config, answer: () => ok(explained) });
    expect(JSON.parse(json.out)).toMatchObject([{ layer: 'facts', standing: 'counts' }, { standing: 'merged' }, { standing: 'hidden', value: 'four' }]);
  });

  test('of a key that no layer has, or without a daemon, is a failure', async () => {
    expect(await runFake(['config', 'nope', '--explain'], { config, answer: () => ok([]) })).toMatchObject({ exit: 1, out: '', err: "jetpack config: the configuration has no key 'nope' (key_missing)\n" });
    expect(await runFake(['config', 'a', '--explain'], { config })).toMatchObject({ exit: 1, err: 'jetpack config: jetpackd is not running (daemon_unreachable)\n' });
  });
});

describe('jetpack config --watch', () => {
  const away = 'jetpack config: jetpackd is not running (daemon_unreachable)\n';

  test('prints the value, and again when the daemon says that the file changed and the value did', async () => {
    const tells: Array<() => void> = [];
    const { exit, out } = await runFake(['config', 'on', '--watch'], {
      config,
      answer: ({ onProgress }) => {
        tells.push(() => onProgress?.('changed'));
        tells[0]?.();
        return tells.length === 1 ? fail('timeout', 'a day has passed') : fail('actor_stopped', 'jetpackd is stopping');
      },
    });
    expect([exit, out, tells.length]).toEqual([1, 'True\n', 2]);
  });

  test('where no daemon is fails at once, and prints nothing', async () => {
    const { asked, ...ran } = await runFake(['config', 'on', '--watch'], { config });
    expect(ran).toMatchObject({ exit: 1, out: '', err: away });
    expect(asked).toMatchObject([{ untilBack: false }]);
  });

  test('goes on when the daemon that listened is away for a while', async () => {
    const { asked, ...ran } = await runFake(['config', 'on', '--watch'], {
      config,
      answer: ({ onProgress, untilBack }) => {
        onProgress?.('');
        return untilBack ? fail('internal', 'enough') : fail('daemon_unreachable', 'jetpackd closed the connection');
      },
    });
    expect(ran).toMatchObject({ exit: 1, out: 'True\n', err: 'jetpack config: enough (internal)\n' });
    expect(asked.map(({ untilBack }) => untilBack)).toEqual([false, true]);
  });

  test('ends well when nobody reads it any more, however long the value stays as it is', async () => {
    const gone = Promise.withResolvers<void>();
    const ends: AbortSignal[] = [];
    const running = runFake(['config', 'on', '--watch'], {
      config,
      unread: (end) => {
        ends.push(end);
        return gone.promise;
      },
      answer: ({ onProgress }) => {
        onProgress?.('');
        gone.resolve();
        return new Promise(() => undefined);
      },
    });
    expect(await running).toMatchObject({ exit: 0, out: 'True\n', err: '' });
    expect(ends.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
