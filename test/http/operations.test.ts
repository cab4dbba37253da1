import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemBody } from '../../src/http/problem.ts';
import { DurachartError } from '../../src/index.ts';
import type { BulkBatch, BulkCount, Export, Instance, Operated, Operation, Page } from '../../src/http/types.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const failed = async (document: string): Promise<string> => {
  const { id } = await server.engine.start('approval', { document } as never);
  await server.engine.result(id).catch(() => {});
  return id;
};
const post = (id: string, operation: string, json?: object, more: { key?: string; query?: string } = {}) =>
  server.json<Operated>(200, 'POST', `/instances/${id}/${operation}${more.query ?? ''}`, {
    ...(json === undefined ? {} : { json }),
    ...(more.key === undefined ? {} : { headers: { 'idempotency-key': more.key } }),
  });
const until = async (id: string, wanted: Partial<Instance>): Promise<Instance> => {
  for (;;) {
    const instance = await server.json<Instance>(200, 'GET', `/instances/${id}`);
    if (Object.entries(wanted).every(([name, value]) => instance[name as keyof Instance] === value)) return instance;
    await setTimeout(5);
  }
};

describe('an operation', () => {
  test('answers with what was done and where the instance stands then; without a body too', async () => {
    const id = await failed('bad 1');
    server.gate.open('bad 1');
    const { operation, instance } = await post(id, 'retry');
    expect(operation).toMatchObject({
      target: 'instance',
      targetId: id,
      operation: 'retry',
      by: 'unknown',
      why: null,
      status: 'applied',
      before: { status: 'failed', state: 'SUBMITTED', sequence: 1, errorCode: 'CONTENT_POLICY_VIOLATION' },
      after: { status: 'running', state: 'SUBMITTED', sequence: 1, errorCode: null },
    });
    expect(instance).toMatchObject({ id, errorCode: null });
    await until(id, { state: 'READ' });
    // An empty body with a content type is none.
    const empty = await server.call('POST', `/instances/${id}/pause`, {
      body: '',
      headers: { 'content-type': 'application/json' },
    });
    expect(empty.status).toBe(200);
  });

  test('is recorded with who and why', async () => {
    const id = await server.startedIn('READ', 'who');
    const { operation } = await post(id, 'pause', { by: 'ada', why: 'to look at it' });
    await post(id, 'unpause', { by: 'bob' });
    const found = await server.json<Operation>(200, 'GET', `/operations/${operation?.id}?wait=10`);
    expect(found).toEqual(operation);
    expect(found).toMatchObject({ by: 'ada', why: 'to look at it', status: 'applied' });
    const trail = await server.json<Page<Operation>>(200, 'GET', `/instances/${id}/operations?limit=1`);
    expect(trail).toMatchObject({ items: [{ operation: 'unpause', by: 'bob' }], next: expect.any(String) as string });
    const all = `/operations?target=instance&targetId=${id}&cursor=${trail.next}`;
    expect(await server.json(200, 'GET', all)).toEqual({ items: [found], next: null });
  });

  test('with the same key is done once', async () => {
    const id = await server.startedIn('READ', 'once');
    const first = await post(id, 'pause', {}, { key: 'p' });
    expect(await post(id, 'pause', {}, { key: 'p' })).toEqual(first);
    const options = { json: {}, headers: { 'idempotency-key': 'p' } };
    expect(await server.problem(409, 'POST', `/instances/${id}/unpause`, options)).toMatchObject({
      code: 'KEY_REUSED',
    });
  });

  test('that is not legal is a 409 with the reason', async () => {
    const id = await server.startedIn('READ', 'no');
    for (const [operation, code] of [
      ['retry', 'NOT_FAILED'],
      ['resume', 'NOT_STUCK'],
      ['unpause', 'NOT_PAUSED'],
    ])
      expect(await server.problem(409, 'POST', `/instances/${id}/${operation}`)).toMatchObject({ code, state: 'READ' });
    const skip = { json: { step: 'read', output: { words: 1 } } };
    expect(await server.problem(409, 'POST', `/instances/${id}/skip`, skip)).toMatchObject({ code: 'NOTHING_TO_SKIP' });
    expect(await server.json(200, 'GET', `/instances/${id}/operations`)).toEqual({ items: [], next: null });
  });

  test('that turns out not to be legal when its turn comes is a 409 with its record', async () => {
    const id = await server.startedIn('READ', 'turn');
    // Both are legal when they are asked for; the second one finds it paused.
    const [one, two] = await Promise.all([1, 2].map(() => server.call('POST', `/instances/${id}/pause`)));
    const answers = [await one?.json(), await two?.json()] as (Operated & { code?: string; detail?: string })[];
    const refused = answers.find(({ code }) => code !== undefined);
    expect(new Set([one?.status, two?.status])).toEqual(new Set([200, 409]));
    expect(refused).toMatchObject({ code: 'ALREADY_PAUSED' });
  });

  test('that nobody comes to is a 202, and lies there', async () => {
    const idle = await startServer({ work: false });
    try {
      const { id } = await idle.engine.start('approval', { document: 'idle' } as never);
      const { operation, blocked } = await idle.json<Operated>(202, 'POST', `/instances/${id}/pause?wait=20`);
      expect(blocked).toMatchObject({ code: 'NO_WORKER' });
      expect(operation).toMatchObject({ status: 'requested', before: null, finishedAt: null });
      expect(await idle.json(200, 'GET', `/operations/${operation?.id}`)).toMatchObject({ status: 'requested' });
      // Whoever waits for it does not keep the server from stopping.
      const waiting = idle.call('POST', `/instances/${id}/cancel?wait=60000`).catch(() => undefined);
      await setTimeout(100);
      const began = performance.now();
      await idle.close();
      expect(performance.now() - began).toBeLessThan(4_000);
      expect((await waiting)?.status).toBe(202);
    } catch (error) {
      await idle.close();
      throw error;
    }
  });

  test('refuses what it cannot take', async () => {
    const id = await server.startedIn('READ', 'wrong');
    for (const [operation, json, path] of [
      ['retry', { by: '' }, 'by'],
      ['retry', { who: 'ada' }, 'who'],
      ['skip', { output: 1 }, 'step'],
      ['rewind', {}, 'to'],
      ['rewind', { to: 0 }, 'to'],
      ['edit', { patch: {} }, 'patch'],
      ['edit', { patch: [{ op: 'set', path: '/words' }] }, 'patch[0].op'],
      ['fork', { from: -1 }, 'from'],
      ['cancel', { force: 1 }, 'force'],
    ] as const)
      expect(await server.problem(422, 'POST', `/instances/${id}/${operation}`, { json }), operation).toMatchObject({
        errors: [{ path }],
      });
    await server.problem(422, 'POST', `/instances/${id}/retry?wait=60001`);
    await server.problem(415, 'POST', `/instances/${id}/rewind`);
    await server.problem(415, 'POST', `/instances/${id}/retry`, {
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    await server.problem(404, 'GET', '/operations/999999999');
    await server.problem(422, 'GET', '/operations/x');
    await server.problem(422, 'GET', '/operations?cursor=x');
    await server.problem(404, 'GET', '/instances/nope/operations');
    for (const operation of ['retry', 'resume', 'pause', 'unpause', 'cancel', 'fork'])
      await server.problem(404, 'POST', `/instances/nope/${operation}`);
  });
});

describe('each of them', () => {
  test('skip', async () => {
    const id = await failed('bad skip');
    const wrong = { json: { step: 'read', output: { words: 'x' } } };
    expect(await server.problem(422, 'POST', `/instances/${id}/skip`, wrong)).toMatchObject({
      code: 'INVALID_OUTPUT',
      errors: [{ path: 'output.words' }],
    });
    const { instance } = await post(id, 'skip', { step: 'read', output: { words: 7 } });
    expect(instance).toMatchObject({ state: 'READ', status: 'waiting', context: { words: 7 }, error: null });
  });

  test('rewind names what may run again', async () => {
    const id = await server.startedIn('READ', 'again');
    const { operation } = await post(id, 'rewind', { to: 1 });
    expect(operation?.repeats).toMatchObject([{ step: 'read', status: 'done', attempt: 1 }]);
    await until(id, { state: 'READ', sequence: 4 });
    expect(await server.problem(404, 'POST', `/instances/${id}/rewind`, { json: { to: 99 } })).toMatchObject({
      code: 'TRANSITION_NOT_FOUND',
    });
  });

  test('edit', async () => {
    const id = await server.startedIn('READ', 'edit');
    const { instance } = await post(id, 'edit', { patch: [{ op: 'replace', path: '/words', value: 9 }] });
    expect(instance.context).toMatchObject({ words: 9 });
    for (const path of ['/nope', '/__proto__/x', '/toString/x']) {
      const json = { patch: [{ op: 'replace', path, value: 9 }] };
      const problem = await server.problem(422, 'POST', `/instances/${id}/edit`, { json });
      expect(problem).toMatchObject({ code: 'INVALID_PATCH' });
    }
    const held = await server.halfDone('hold edit');
    expect(await server.problem(409, 'POST', `/instances/${held}/edit`, { json: { patch: [] } })).toMatchObject({
      code: 'IN_FLIGHT',
    });
    server.gate.open('hold edit');
  });

  test('cancel; an ended one stays as it is', async () => {
    const id = await server.startedIn('READ', 'end');
    expect(await post(id, 'cancel', { why: 'over' })).toMatchObject({
      operation: { status: 'applied', why: 'over' },
      instance: { status: 'cancelled', errorCode: 'CANCELLED' },
    });
    expect(await post(id, 'cancel')).toMatchObject({ operation: null, instance: { status: 'cancelled' } });
    expect(await server.problem(409, 'POST', `/instances/${id}/pause`)).toMatchObject({ code: 'INSTANCE_ENDED' });
  });

  test('fork', async () => {
    const id = await server.startedIn('READ', 'fork');
    const patch = [{ op: 'replace', path: '/words', value: 3 }];
    const { operation, instance } = await post(id, 'fork', { by: 'ada', patch, id: 'a-fork' }, { key: 'f' });
    expect(operation).toMatchObject({
      operation: 'fork',
      by: 'ada',
      targetId: 'a-fork',
      arguments: { from: { id, sequence: 2 }, patch },
    });
    expect(instance).toMatchObject({ id: 'a-fork', state: 'READ', context: { words: 3 }, sequence: 1 });
    expect(await post(id, 'fork', { by: 'ada', patch, id: 'a-fork' }, { key: 'f' })).toMatchObject({
      operation: { id: operation?.id },
    });
    expect(await server.problem(409, 'POST', `/instances/${id}/fork`, { json: { id: 'a-fork' } })).toMatchObject({
      code: 'ID_TAKEN',
    });
    const anew = await post(id, 'fork', { from: 0, input: { document: 'another text' } });
    await until(anew.instance.id, { state: 'READ' });
    expect(anew.instance.input).toEqual({ document: 'another text' });
    expect(await server.problem(422, 'POST', `/instances/${id}/fork`, { json: { input: {} } })).toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(await server.problem(422, 'POST', `/instances/${id}/fork`, { json: { from: 0, patch } })).toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

test.each([
  'NOT_FAILED NOT_STUCK NOTHING_TO_SKIP AMBIGUOUS_STEP MOMENT_ENDED STATE_UNKNOWN IN_FLIGHT ALREADY_PAUSED NOT_PAUSED NOT_ACTIVE NOT_STARTED INSTANCE_ENDED KEY_REUSED EVENT_NOT_ACCEPTED ID_TAKEN 409',
  'INVALID_OUTPUT INVALID_PATCH INVALID_CONTEXT INVALID_OPTION 422',
  'TRANSITION_NOT_FOUND OPERATION_NOT_FOUND INSTANCE_NOT_FOUND UNKNOWN_WORKFLOW 404',
])('%s', (line) => {
  const codes = line.split(' ');
  const status = Number(codes.pop());
  for (const code of codes) expect(problemBody(new DurachartError(code, 'x'), 'x').status, code).toBe(status);
});

describe('in bulk', () => {
  const bulk = <T = BulkBatch>(json: object, key?: string) =>
    server.json<T>(200, 'POST', '/operations/bulk', {
      json,
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    });

  test('counts, then does it batch by batch', async () => {
    for (const i of [1, 2, 3])
      await server.engine.start('approval', { document: 'b' } as never, { id: `bulk-${i}`, tags: ['bulk'] });
    for (const i of [1, 2, 3]) await until(`bulk-${i}`, { state: 'READ' });
    const asked = {
      request: { operation: 'pause' },
      filter: { tag: 'bulk', since: '2020-01-01T00:00:00Z' },
      by: 'ada',
      limit: 2,
    };
    expect(await bulk<BulkCount>({ ...asked, dryRun: true })).toEqual({
      matched: 3,
      more: false,
      sampled: 3,
      states: [{ workflow: 'approval', status: 'waiting', state: 'READ', sampled: 3, legal: 3, refused: {} }],
    });
    const first = await bulk(asked, 'key');
    expect(first).toMatchObject({
      key: 'key',
      matched: 2,
      applied: 2,
      refused: [],
      next: expect.any(String) as string,
    });
    const second = await bulk({ ...asked, cursor: first.next }, 'key');
    expect(second).toMatchObject({ matched: 1, applied: 1, next: null });
    expect(await bulk({ request: { operation: 'retry' }, filter: { tag: 'bulk' } })).toMatchObject({
      applied: 0,
      refused: [3, 2, 1].map((i) => ({ id: `bulk-${i}`, code: 'NOT_FAILED' })),
    });
  });

  test.each<[string, object]>([
    ['no request', { filter: { tag: 'x' } }],
    ['another operation', { request: { operation: 'fork' }, filter: { tag: 'x' } }],
    ['an argument too few', { request: { operation: 'rewind' }, filter: { tag: 'x' } }],
    ['an argument too many', { request: { operation: 'retry', to: 1 }, filter: { tag: 'x' } }],
    ['another filter', { request: { operation: 'retry' }, filter: { color: 'x' } }],
    ['a filter with nothing in it', { request: { operation: 'retry' }, filter: {} }],
    ['no filter', { request: { operation: 'retry' } }],
    ['a limit', { request: { operation: 'retry' }, filter: { tag: 'x' }, limit: 501 }],
    ['a cursor', { request: { operation: 'retry' }, filter: { tag: 'x' }, cursor: 'x' }],
  ])('refuses %s', async (_, json) => {
    await server.problem(422, 'POST', '/operations/bulk', { json });
  });
});

describe('export and import', () => {
  test('take an instance from one server to another', async () => {
    const id = await server.startedIn('READ', 'transfer');
    const response = await server.call('GET', `/instances/${id}/export`);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${id}.json"`);
    const document = (await response.json()) as Export;
    expect(document).toMatchObject({
      format: 'durachart-export',
      instance: { id },
      transitions: [{}, {}],
      steps: [{}],
    });
    const other = await startServer();
    try {
      const json = { document, id: 'there', by: 'ada', why: 'to see why' };
      expect(await other.json<Operated>(200, 'POST', '/instances/import', { json })).toMatchObject({
        operation: { operation: 'import', by: 'ada', why: 'to see why', targetId: 'there', status: 'applied' },
        instance: { id: 'there', status: 'paused', state: 'READ', context: { document: 'transfer' } },
      });
      expect(await other.problem(409, 'POST', '/instances/import', { json })).toMatchObject({ code: 'ID_TAKEN' });
      expect(
        await other.json<Operated>(200, 'POST', '/instances/import', { json: { document, from: 1 } }),
      ).toMatchObject({
        instance: { status: 'paused', state: 'SUBMITTED', sequence: 3 },
      });
      expect(await other.problem(404, 'POST', '/instances/import', { json: { document, from: 3 } })).toMatchObject({
        code: 'TRANSITION_NOT_FOUND',
      });
    } finally {
      await other.close();
    }
  });

  test('of more than a usual body', async () => {
    const document = JSON.parse(
      JSON.stringify(await server.engine.export(await server.startedIn('READ', 'large'))),
    ) as Export;
    document.instance['input'] = { document: 'x'.repeat(2 * 1024 * 1024) };
    await server.json(200, 'POST', '/instances/import', { json: { document } });
  });

  test('refuse what is none', async () => {
    await server.problem(404, 'GET', '/instances/nope/export');
    for (const [json, path] of [
      [{ document: 1 }, 'document'],
      [{ document: {} }, 'document.format'],
      [{}, 'document'],
    ] as const) {
      const problem = await server.problem(422, 'POST', '/instances/import', { json });
      expect(problem.errors?.map((error) => error.path)).toContain(path);
    }
    const document = { ...(await server.engine.export(await server.startedIn('READ', 'other'))) };
    const other = { ...document, instance: { ...document.instance, workflow: 'other' } };
    expect(await server.problem(404, 'POST', '/instances/import', { json: { document: other } })).toMatchObject({
      code: 'UNKNOWN_WORKFLOW',
    });
    await server.problem(415, 'POST', '/instances/import');
  });
});
