import { expect, test } from '@jest/globals';
import { fail, ok } from '../../protocol/result.ts';
import { apiSources } from '../testing/api-sources.ts';
import { buildApp } from './app.ts';

const target = { name: 'execute', coreCount: 8, node: 'scheduler', at: 1, expiresAt: 2 };

const begin = () => {
  const asked: string[] = [];
  const app = buildApp(
    apiSources({
      autoscale: async (cluster) => {
        asked.push(cluster);
        if (cluster === 'silent') return fail('timeout', 'nobody answered');
        return ok(cluster === 'my lab' ? [target] : []);
      },
    }),
    (error) => {
      throw error;
    },
  );
  return { app, asked };
};

test('the targets of a cluster are what the orchestrator says, and none of one that nobody has told of', async () => {
  const { app, asked } = begin();
  const known = await app.inject({ url: '/api/clusters/my%20lab/autoscale' });
  expect([known.statusCode, known.json()]).toEqual([200, { targets: [target] }]);
  const unknown = await app.inject({ url: '/api/clusters/other/autoscale' });
  expect([unknown.statusCode, unknown.json(), asked]).toEqual([200, { targets: [] }, ['my lab', 'other']]);
});

test('an orchestrator that says nothing is a failure with a code', async () => {
  const { app } = begin();
  const answer = await app.inject({ url: '/api/clusters/silent/autoscale' });
  expect([answer.statusCode, answer.json()]).toEqual([503, expect.objectContaining({ code: 'timeout' })]);
});

test.each(['POST', 'DELETE'] as const)('%s changes none: they are asked for on a node', async (method) => {
  const { app } = begin();
  const answer = await app.inject({ method, url: '/api/clusters/lab/autoscale' });
  expect([answer.statusCode, answer.headers['allow'], answer.json()]).toEqual([405, 'GET, HEAD', expect.objectContaining({ code: 'request_invalid' })]);
});

test.each(['/api/clusters', '/api/clusters/lab', '/api/clusters/a/b/autoscale'])('there is nothing at %s', async (url) => {
  const { app } = begin();
  expect((await app.inject({ url })).statusCode).toBe(404);
});
