import { describe, expect, test } from '@jest/globals';
import { judge, restartAlways, type Directive, type RestartType } from './decider.ts';

const verdicts = (restart: RestartType, resumable: boolean): Record<Directive, Directive> => ({
  resume: judge(restart, 'resume', resumable),
  restart: judge(restart, 'restart', resumable),
  stop: judge(restart, 'stop', resumable),
  escalate: judge(restart, 'escalate', resumable),
});

describe('what a failure leads to', () => {
  test('a permanent child is begun anew, however it ended', () => {
    expect(verdicts('permanent', true)).toEqual({ resume: 'resume', restart: 'restart', stop: 'restart', escalate: 'escalate' });
  });

  test('a transient child is begun anew after a failure and stays away after a normal end', () => {
    expect(verdicts('transient', true)).toEqual({ resume: 'resume', restart: 'restart', stop: 'stop', escalate: 'escalate' });
  });

  test('a temporary child is never begun anew', () => {
    expect(verdicts('temporary', true)).toEqual({ resume: 'resume', restart: 'stop', stop: 'stop', escalate: 'escalate' });
  });

  test('without a good state to go on with, to resume is to fail', () => {
    expect(judge('permanent', 'resume', false)).toBe('restart');
    expect(judge('transient', 'resume', false)).toBe('restart');
    expect(judge('temporary', 'resume', false)).toBe('stop');
  });

  test('the default decider begins anew after every error', () => {
    expect([new Error('x'), undefined, 'text'].map(restartAlways)).toEqual(['restart', 'restart', 'restart']);
  });
});
