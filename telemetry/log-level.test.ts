import { expect, test } from '@jest/globals';
import { logLevelFrom, logLevels, reaches } from './log-level.ts';

test('the level is info unless JETPACK_LOG_LEVEL says another', () => {
  expect(logLevelFrom({})).toEqual({ ok: true, value: 'info' });
  for (const level of logLevels) expect(logLevelFrom({ JETPACK_LOG_LEVEL: level })).toEqual({ ok: true, value: level });
});

test('a level that does not exist is named, with those that do', () => {
  expect(logLevelFrom({ JETPACK_LOG_LEVEL: 'LOUD' })).toEqual({
    ok: false,
    error: { code: 'config_invalid', message: 'JETPACK_LOG_LEVEL is "LOUD": it takes debug, info, warn, error' },
  });
});

test('a line is written from its threshold up', () => {
  expect(logLevels.map((level) => reaches(level, 'warn'))).toEqual([false, false, true, true]);
});
