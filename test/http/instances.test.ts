import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  HistoryEntry,
  Instance,
  InstanceSummary,
  Operated,
  Page,
  Ready,
  Sent,
  SentOutcome,
  Snapshot,
  Started,
  StepDetail,
  Workflow,
} from '../../src/http/types.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const START = '/workflows/approval/instances';
const start = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
  server.call('POST', START, { json: body, headers });

describe('workflows', () => {
  test('are listed', async () => {
    expect(await server.json(200, 'GET', '/workflows')).toEqual({
      items: [
        { name: 'approval', version: '2', description: 'Reads a document and waits for a person', steps: ['read'] },
      ],
    });
  });

  test('tell what they take and do', async () => {
    const workflow = await server.json<Workflow>(200, 'GET', '/workflows/approval');
    expect(workflow).toMatchObject({
      input: { type: 'object', required: ['document'], properties: { copies: { type: 'integer', minimum: 1 } } },
      events: [
        { type: 'approve', schema: { properties: { by: { type: 'string' } } } },
        { type: 'reject', schema: null },
        { type: 'remind', schema: null },
      ],
      states: ['SUBMITTED', 'READ', 'APPROVED', 'REJECTED'],
      definition: {
        id: 'approval',
        states: expect.arrayContaining([
          expect.objectContaining({
            path: 'SUBMITTED',
            parent: '',
            invoke: [{ id: expect.any(String) as string, src: 'read' }],
          }),
        ]) as object[],
        transitions: expect.arrayContaining([
          expect.objectContaining({ from: 'READ', event: 'approve', to: ['APPROVED'] }),
        ]) as object[],
      },
      stepOptions: {
        read: {
          retry: { maxAttempts: 3 },
          timeout: 60_000,
          concurrencyPerKey: false,
          transactional: false,
          output: { required: ['words'] },
        },
      },
      errors: { RATE_LIMITED: 'retryable' },
    });
  });

  test('that are not there are a 404 that names those that are', async () => {
    expect(await server.problem(404, 'GET', '/workflows/nope')).toMatchObject({
      code: 'UNKNOWN_WORKFLOW',
      workflows: ['approval'],
    });
    expect(await server.problem(404, 'POST', '/workflows/nope/instances', { json: {} })).toMatchObject({
      code: 'UNKNOWN_WORKFLOW',
    });
  });
});

describe('starting', () => {
  test('answers 201 with the place of the instance', async () => {
    const response = await start({
      input: { document: 'a b c' },
      id: 'mine',
      tags: ['x'],
      priority: 7,
      tenant: 'acme',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/instances/mine');
    expect(await response.json()).toEqual({ id: 'mine', workflow: 'approval', created: true });
    expect(await server.json(200, 'GET', '/instances/mine')).toMatchObject({
      tags: ['x'],
      priority: 7,
      tenant: 'acme',
      input: { document: 'a b c' },
    });
  });

  test('with a key gives the same instance for the same input, and a 409 for another', async () => {
    const headers = { 'idempotency-key': 'order "4711"' };
    const first = await start({ input: { document: 'one', copies: 1 } }, headers);
    const again = await start({ input: { copies: 1, document: 'one' } }, headers);
    expect([first.status, again.status]).toEqual([201, 200]);
    const started = (await first.json()) as Started;
    expect(await again.json()).toEqual({ ...started, created: false });
    expect(await server.problem(409, 'POST', START, { json: { input: { document: 'two' } }, headers })).toMatchObject({
      code: 'KEY_REUSED',
      id: started.id,
    });
  });

  test('with the same key at the same time makes one instance', async () => {
    const all = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const response = await start({ input: { document: 'race' } }, { 'idempotency-key': 'race' });
        return { status: response.status, ...((await response.json()) as Started) };
      }),
    );
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: 9 }, () => 200),
      201,
    ]);
  });

  test('later is possible', async () => {
    const { id } = await server.json<Started>(201, 'POST', START, {
      json: { input: { document: 'x' }, startAt: '2999-01-01T00:00:00+01:00' },
    });
    expect(await server.json(200, 'GET', `/instances/${id}`)).toMatchObject({ status: 'scheduled' });
  });

  test('refuses wrong input with what is wrong where', async () => {
    const problem = await server.problem(422, 'POST', START, { json: { input: { document: 1, copies: 0 } } });
    expect(problem.code).toBe('INVALID_INPUT');
    expect(problem.errors).toEqual([
      { path: 'input.document', message: expect.stringContaining('expected string') as string },
      { path: 'input.copies', message: expect.any(String) as string },
    ]);
    expect(await server.problem(422, 'POST', START, { json: {} })).toMatchObject({ errors: [{ path: 'input' }] });
  });

  test('refuses wrong options with what is wrong where', async () => {
    const wrong = { tags: 'x', priority: 10, startAt: 'soon', prioritty: 1 };
    const problem = await server.problem(422, 'POST', START, { json: wrong });
    expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual(['prioritty', 'priority', 'startAt', 'tags']);
    const input = { document: 'x' };
    expect(await server.problem(422, 'POST', START, { json: { input, id: "it's" } })).toMatchObject({
      code: 'INVALID_OPTION',
    });
    expect(
      await server.problem(422, 'POST', START, { json: { input, id: 'x' }, headers: { 'idempotency-key': 'x' } }),
    ).toMatchObject({ code: 'INVALID_OPTION' });
    expect(
      await server.problem(422, 'POST', START, { json: { input }, headers: { 'idempotency-key': 'ä' } }),
    ).toMatchObject({ errors: [{ path: 'idempotency-key' }] });
  });
});

describe('an instance', () => {
  test('shows where it stands, with the running step', async () => {
    const id = await server.startedIn('running', 'hold for show');
    const instance = await server.json<Instance>(200, 'GET', `/instances/${id}`);
    expect(instance).toMatchObject({
      status: 'running',
      state: 'SUBMITTED',
      value: 'SUBMITTED',
      context: { document: 'hold for show' },
      accepts: ['remind'],
      steps: [{ step: 'read', status: 'running', attempt: 1, maxAttempts: 3 }],
    });
    server.gate.open('hold for show');
  });

  test('has a history, in pages, and a snapshot for each entry', async () => {
    const id = await server.startedIn('READ', 'flaky one');
    await server.json(202, 'POST', `/instances/${id}/events`, { json: { type: 'approve', by: 'ada' } });
    expect(await server.json(200, 'GET', `/instances/${id}/result`)).toEqual({ output: { words: 2, by: 'ada' } });

    const entries: HistoryEntry[] = [];
    let next: string | null = '0';
    while (next !== null) {
      const page: Page<HistoryEntry> = await server.json(200, 'GET', `/instances/${id}/history?limit=1&cursor=${next}`);
      expect(page.items).toHaveLength(1);
      entries.push(...page.items);
      next = page.next;
    }
    expect(entries).toMatchObject([
      { sequence: 1, from: null, to: 'SUBMITTED', step: null },
      { sequence: 2, from: 'SUBMITTED', to: 'READ', step: { step: 'read', attempt: 2, status: 'done' } },
      { sequence: 3, from: 'READ', to: 'APPROVED', event: 'approve' },
    ]);
    expect(await server.json<Snapshot>(200, 'GET', `/instances/${id}/snapshots/1`)).toMatchObject({
      value: 'SUBMITTED',
      context: { words: 0 },
    });
    expect(await server.json<Snapshot>(200, 'GET', `/instances/${id}/snapshots/3`)).toMatchObject({
      status: 'done',
      context: { words: 2 },
    });
    expect(await server.problem(404, 'GET', `/instances/${id}/snapshots/4`)).toMatchObject({
      code: 'TRANSITION_NOT_FOUND',
    });
    expect(await server.problem(422, 'GET', `/instances/${id}/snapshots/last`)).toMatchObject({
      errors: [{ path: 'sequence' }],
    });
  });

  test('has steps with attempts, errors and lines', async () => {
    const id = await server.startedIn('READ', 'flaky two');
    const { items } = await server.json<{ items: StepDetail[] }>(200, 'GET', `/instances/${id}/steps`);
    expect(items).toMatchObject([
      {
        step: 'read',
        status: 'done',
        attempt: 2,
        input: { document: 'flaky two' },
        output: { words: 2 },
        attempts: [
          {
            attempt: 1,
            outcome: 'failed',
            error: { code: 'NETWORK_ERROR', message: 'The line was cut.' },
            logs: [{ message: 'reading' }],
          },
        ],
        logs: [{ level: 'info', message: 'reading', fields: { length: 9 } }],
      },
    ]);
  });

  test('that is not there is a 404 on every route', async () => {
    const routes = [
      ['GET', ''],
      ['GET', '/history'],
      ['GET', '/steps'],
      ['GET', '/snapshots/1'],
      ['GET', '/result'],
      ['GET', '/events/stream'],
      ['POST', '/cancel'],
      ['POST', '/retry'],
    ] as const;
    for (const id of ['nope', "it's", '%22%3B--', '%E2%82%AC', 'x'.repeat(2_000)]) {
      for (const [method, route] of routes) {
        expect(await server.problem(404, method, `/instances/${id}${route}`)).toMatchObject({
          code: 'INSTANCE_NOT_FOUND',
        });
      }
      await server.problem(404, 'POST', `/instances/${id}/events`, { json: { type: 'approve', by: 'x' } });
    }
    for (const [method, route] of routes) await server.problem(404, method, `/instances/a%00b${route}`);
    for (const [method, route] of routes) await server.problem(404, method, `/instances/%ED%A0%80${route}`);
  });
});

describe('the list', () => {
  test('is filtered and paged, newest first', async () => {
    for (const n of [1, 2, 3]) await start({ input: { document: `hold page ${n}` }, id: `page-${n}`, tags: ['paged'] });
    const first = await server.json<Page<InstanceSummary>>(200, 'GET', '/instances?tag=paged&limit=2');
    expect(first.items.map(({ id }) => id)).toEqual(['page-3', 'page-2']);
    const second = await server.json<Page<InstanceSummary>>(
      200,
      'GET',
      `/instances?tag=paged&limit=2&cursor=${encodeURIComponent(first.next ?? '')}`,
    );
    expect(second).toMatchObject({ items: [{ id: 'page-1', workflow: 'approval' }], next: null });
    expect(await server.json(200, 'GET', '/instances?tag=paged&status=failed')).toEqual({ items: [], next: null });
    for (const n of [1, 2, 3]) server.gate.open(`hold page ${n}`);
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1e2', 'limit'],
    ['status=sleeping', 'status'],
    ['statsu=done', 'statsu'],
    ['tag=a%00', 'tag'],
    ['tag=a&tag=b', 'tag'],
  ])('refuses ?%s', async (query, path) => {
    expect(await server.problem(422, 'GET', `/instances?${query}`)).toMatchObject({
      code: 'INVALID_REQUEST',
      errors: [{ path }],
    });
  });

  test.each(['x', '%22', 'e30', 'WzEsIlx1MDAwMCJd'])('refuses the cursor %s', async (cursor) => {
    expect(await server.problem(422, 'GET', `/instances?cursor=${cursor}`)).toMatchObject({ code: 'INVALID_CURSOR' });
  });
});

describe('an event', () => {
  test('is taken once for a key', async () => {
    const id = await server.startedIn('READ', 'dedupe');
    const event = { json: { type: 'remind' }, headers: { 'idempotency-key': 'r1' } };
    expect(await server.json<Sent>(202, 'POST', `/instances/${id}/events`, event)).toEqual({ duplicate: false });
    expect(await server.json<Sent>(202, 'POST', `/instances/${id}/events`, event)).toEqual({ duplicate: true });
  });

  test('that is waited for says whether it was taken, and where that led', async () => {
    const id = await server.startedIn('READ', 'waited');
    const sent = await server.json<SentOutcome>(200, 'POST', `/instances/${id}/events?wait=10000`, {
      json: { type: 'approve', by: 'ada' },
    });
    expect(sent).toEqual({ duplicate: false, outcome: 'taken', state: 'APPROVED', sequence: expect.any(Number) });
    const now = await server.json<SentOutcome>(
      202,
      'POST',
      `/instances/${await server.startedIn('READ', 'at once')}/events`,
      {
        json: { type: 'remind' },
      },
    );
    expect(now).toEqual({ duplicate: false });
    await server.problem(422, 'POST', `/instances/${id}/events?wait=-1`, { json: { type: 'remind' } });
  });

  test('that the state does not take is a 409 that names those that it would', async () => {
    const id = await server.startedIn('running', 'hold for event');
    const problem = await server.problem(409, 'POST', `/instances/${id}/events`, {
      json: { type: 'approve', by: 'ada' },
    });
    expect(problem).toMatchObject({ code: 'EVENT_NOT_ACCEPTED', accepts: ['remind'], state: 'SUBMITTED' });
    expect(problem.detail).toContain('remind');
    server.gate.open('hold for event');
  });

  test('that nobody knows, or with a wrong payload, is a 422', async () => {
    const id = await server.startedIn('READ', 'x');
    const send = (json: unknown) => server.problem(422, 'POST', `/instances/${id}/events`, { json });
    expect(await send({ type: 'explode' })).toMatchObject({
      code: 'UNKNOWN_EVENT',
      events: ['approve', 'reject', 'remind'],
    });
    expect(await send({ type: 'approve', by: 7 })).toMatchObject({ code: 'INVALID_EVENT', errors: [{ path: 'by' }] });
    for (const type of ['xstate.done.actor.0.approval.SUBMITTED', 'durachart.cancel', 'xstate.init']) {
      expect(await send({ type })).toMatchObject({ code: 'UNKNOWN_EVENT' });
    }
    expect(await send({})).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ path: 'type' }] });
    expect(await send([])).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ path: '' }] });
  });

  test('for an instance that has ended is a 409', async () => {
    const id = await server.startedIn('READ', 'x');
    await server.json(202, 'POST', `/instances/${id}/events`, { json: { type: 'reject' } });
    await server.json(200, 'GET', `/instances/${id}/result`);
    expect(await server.problem(409, 'POST', `/instances/${id}/events`, { json: { type: 'reject' } })).toMatchObject({
      code: 'INSTANCE_ENDED',
    });
  });
});

describe('the result', () => {
  test('is waited for', async () => {
    const id = await server.startedIn('READ', 'a b');
    const waiting = server.json(200, 'GET', `/instances/${id}/result?timeout=20000`);
    await server.engine.send(id, { type: 'approve', by: 'bob' });
    expect(await waiting).toEqual({ output: { words: 2, by: 'bob' } });
  });

  test('of what goes on is a 408', async () => {
    const id = await server.startedIn('READ', 'x');
    expect(await server.problem(408, 'GET', `/instances/${id}/result?timeout=20`)).toMatchObject({ code: 'TIMEOUT' });
    await server.problem(422, 'GET', `/instances/${id}/result?timeout=999999999`);
  });

  test('of what was cancelled is a 409', async () => {
    const id = await server.startedIn('READ', 'x');
    await server.json(200, 'POST', `/instances/${id}/cancel`);
    expect(await server.problem(409, 'GET', `/instances/${id}/result`)).toMatchObject({ code: 'INSTANCE_CANCELLED' });
    expect(await server.json(200, 'POST', `/instances/${id}/cancel`)).toMatchObject({
      instance: { status: 'cancelled' },
    });
  });

  test('of what failed is a 409 with the error, until it is retried', async () => {
    const { id } = await server.engine.start('approval', { document: 'bad one' } as never);
    expect(await server.problem(409, 'GET', `/instances/${id}/result`)).toMatchObject({
      code: 'INSTANCE_FAILED',
      error: { code: 'CONTENT_POLICY_VIOLATION', message: 'No: bad one' },
    });
    server.gate.open('bad one');
    expect(await server.json<Operated>(200, 'POST', `/instances/${id}/retry`)).toMatchObject({ instance: { id } });
    for await (const change of server.engine.subscribe({ id, after: '0' })) {
      if (change.type === 'transition' && change.entry.to === 'READ') break;
    }
    expect(await server.problem(409, 'POST', `/instances/${id}/retry`)).toMatchObject({ code: 'NOT_FAILED' });
  });
});

describe('health', () => {
  test('is live and ready, with the workers', async () => {
    expect(await server.json(200, 'GET', '/health/live')).toEqual({ status: 'live', version: '1.2.3' });
    expect(await server.json<Ready>(200, 'GET', '/health/ready')).toMatchObject({
      status: 'ready',
      database: true,
      workers: [{ workflows: ['approval'] }],
    });
  });
});
