import { afterAll, beforeAll, expect, test } from 'vitest';
import { Explanation, Preview } from '../../src/http/explain-schemas.ts';
import type * as api from '../../src/http/types.ts';
import { standing } from '../support/engine.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const explain = (id: string): Promise<api.Explanation> => server.json(200, 'GET', `/instances/${id}/explain`);
const preview = (id: string, event: unknown): Promise<api.Preview> =>
  server.json(200, 'POST', `/instances/${id}/events/preview`, { json: event });

test('explains an instance, in the form that the document describes', async () => {
  const { id } = await server.engine.start('approval', { document: 'bad' } as never);
  await standing(server.engine, id, 'failed');
  const running = await server.halfDone('hold explained');
  const waiting = await server.startedIn('READ', 'waits');
  for (const each of [id, running, waiting]) {
    const explanation = await explain(each);
    expect(Explanation.parse(explanation)).toEqual(explanation);
    expect(explanation.id).toBe(each);
  }
  expect(await explain(id)).toMatchObject({
    status: 'failed',
    summary: expect.stringContaining('Step read failed for good') as string,
    causes: [
      {
        code: 'FAILED',
        at: expect.stringMatching(/^\d{4}-.+Z$/) as string,
        step: { step: 'read' },
        error: { code: 'CONTENT_POLICY_VIOLATION', class: 'final' },
      },
    ],
  });
  expect((await explain(running)).causes).toMatchObject([
    { code: 'RUNNING', step: 'read', progress: 0.5, message: 'half of it' },
  ]);
  const [first] = (await explain(waiting)).causes;
  expect(first).toMatchObject({
    code: 'WAITING',
    events: expect.arrayContaining([
      { type: 'approve', schema: expect.objectContaining({ required: ['by'] }) as object },
      { type: 'reject', schema: null },
    ]) as unknown[],
  });
  server.gate.open('hold explained');
  expect(await server.problem(404, 'GET', '/instances/nope/explain')).toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
});

const FAILED = ['retry', 'resume', 'skip', 'rewind', 'fork', 'edit', 'cancel'];
const WAITING = ['send', 'edit', 'pause', 'rewind', 'fork', 'cancel'];

async function failed(document: string): Promise<string> {
  const { id } = await server.engine.start('approval', { document } as never);
  await standing(server.engine, id, 'failed');
  return id;
}

test.each([
  ...FAILED.map((operation) => ['failed', operation] as const),
  ...WAITING.map((operation) => ['waiting', operation] as const),
  ...(['unpause', 'resume', 'cancel'] as const).map((operation) => ['paused', operation] as const),
])('of a %s instance it offers %s, and the request works as it stands', async (status, operation) => {
  const id = status === 'failed' ? await failed(`bad ${operation}`) : await server.startedIn('READ', operation);
  if (status === 'paused') await server.json(200, 'POST', `/instances/${id}/pause`, { json: {} });
  const { operations } = await explain(id);
  const offered = operations.find((each) => each.operation === operation);
  expect(offered, JSON.stringify(operations)).toBeDefined();
  const { method, path, body } = offered?.request ?? { method: '', path: '' };
  const response = await server.call(method, path, body === undefined ? {} : { json: body });
  expect(response.status, await response.text()).toBeLessThan(300);
});

test('it offers what is legal, and nothing else', async () => {
  const names = async (id: string) => [...new Set((await explain(id)).operations.map(({ operation }) => operation))];
  expect((await names(await failed('bad names'))).toSorted()).toEqual(FAILED.toSorted());
  expect((await names(await server.startedIn('READ', 'names'))).toSorted()).toEqual(WAITING.toSorted());
});

test('previews an event, and says why one would do nothing', async () => {
  const id = await server.startedIn('READ', 'previewed');
  const seen = await preview(id, { type: 'approve', by: 'ada' });
  expect(Preview.parse(seen)).toEqual(seen);
  expect(seen).toMatchObject({ accepted: true, state: 'APPROVED', status: 'done', output: { words: 1, by: 'ada' } });
  expect(await preview(id, { type: 'approve' })).toMatchObject({
    accepted: false,
    reason: { code: 'INVALID_EVENT', message: expect.stringContaining('by') as string },
  });
  expect((await server.engine.get(id)).state).toBe('READ');
  await server.problem(422, 'POST', `/instances/${id}/events/preview`, { json: {} });
  await server.problem(404, 'POST', '/instances/nope/events/preview', { json: { type: 'approve' } });
});
