import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './support/server.ts';

interface Operation {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes?: object };
  security?: object[];
}

const TOKEN = 'a-token-of-16-or-more';
let server: TestServer;
let document: Document;
beforeAll(async () => {
  server = await startServer({ work: false });
  document = await server.json<Document>(200, 'GET', '/openapi.json');
});
afterAll(() => server.close());

const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

test('is OpenAPI 3.1 with every route', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Durachart', version: '1.2.3' } });
  expect(
    operations()
      .map(([name]) => name)
      .toSorted(),
  ).toEqual([
    'DELETE /session',
    'GET /artifacts/{key}',
    'GET /events',
    'GET /events/published',
    'GET /events/published/{id}',
    'GET /health/live',
    'GET /health/ready',
    'GET /instances',
    'GET /instances/counts',
    'GET /instances/{id}',
    'GET /instances/{id}/artifacts',
    'GET /instances/{id}/events/stream',
    'GET /instances/{id}/explain',
    'GET /instances/{id}/export',
    'GET /instances/{id}/history',
    'GET /instances/{id}/operations',
    'GET /instances/{id}/payloads/{sha256}',
    'GET /instances/{id}/result',
    'GET /instances/{id}/snapshots/{sequence}',
    'GET /instances/{id}/stately',
    'GET /instances/{id}/steps',
    'GET /instances/{id}/steps/{step}/items',
    'GET /operations',
    'GET /operations/{id}',
    'GET /pauses',
    'GET /schedules',
    'GET /session',
    'GET /stately',
    'GET /statistics',
    'GET /workflows',
    'GET /workflows/{name}',
    'GET /workflows/{name}/statistics',
    'POST /events',
    'POST /instances/import',
    'POST /instances/{id}/cancel',
    'POST /instances/{id}/edit',
    'POST /instances/{id}/events',
    'POST /instances/{id}/events/preview',
    'POST /instances/{id}/fork',
    'POST /instances/{id}/pause',
    'POST /instances/{id}/resume',
    'POST /instances/{id}/retry',
    'POST /instances/{id}/rewind',
    'POST /instances/{id}/skip',
    'POST /instances/{id}/unpause',
    'POST /operations/bulk',
    'POST /queues/{name}/pause',
    'POST /queues/{name}/unpause',
    'POST /reconcile',
    'POST /retention',
    'POST /schedules/{name}/pause',
    'POST /schedules/{name}/run',
    'POST /schedules/{name}/unpause',
    'POST /session',
    'POST /workflows/{name}/instances',
    'POST /workflows/{name}/pause',
    'POST /workflows/{name}/unpause',
    'PUT /uploads/{name}',
  ]);
});

test('describes each route: summary, parameters, bodies and answers', () => {
  for (const [name, { summary, parameters = [], requestBody, responses }] of operations()) {
    expect(summary, name).toMatch(/^[A-Z]/);
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(
      parameters.filter((each) => each.in === 'path').map((each) => each.name),
      name,
    ).toEqual(inPath);
    for (const parameter of parameters) {
      expect(['path', 'query', 'header'], name).toContain(parameter.in);
      expect(
        Object.keys(parameter.schema).some((key) => ['type', '$ref'].includes(key)),
        `${name} ${parameter.name}`,
      ).toBe(true);
      expect(parameter.required ?? false, `${name} ${parameter.name}`).toBe(parameter.in === 'path');
    }
    const takesBody =
      name.startsWith('PUT') ||
      /POST .*\/(instances|events|preview|skip|rewind|edit|bulk|import|retention|session)$/.test(name);
    expect(requestBody?.required ?? false, name).toBe(takesBody);
    expect(
      Object.keys(responses).some((status) => /^(2\d\d|101)$/.test(status)),
      name,
    ).toBe(true);
    for (const [status, { description, content = {} }] of Object.entries(responses)) {
      expect(description, `${name} ${status}`).not.toBe('');
      if (/^[45]|default/.test(status) && !name.includes('/health/')) {
        expect(content, `${name} ${status}`).toEqual({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        });
      }
    }
  }
});

test('refers to nothing that is not there', () => {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(refs.length).toBeGreaterThan(20);
  for (const ref of refs) {
    expect(ref).toMatch(/^#\/components\/schemas\/\w+$/);
    expect(document.components.schemas).toHaveProperty(ref.split('/').at(-1) ?? '');
  }
});

test('says what may be null', () => {
  const { Instance } = document.components.schemas as {
    Instance?: { allOf?: { properties?: Record<string, unknown> }[] };
  };
  const properties = Object.assign({}, ...(Instance?.allOf ?? []).map((part) => part.properties)) as Record<
    string,
    unknown
  >;
  expect(properties['error']).toEqual({ anyOf: [{ $ref: '#/components/schemas/Error' }, { type: 'null' }] });
  expect(properties['context']).toMatchObject({ type: ['object', 'null'] });
});

test('asks for the token where the server does', async () => {
  expect(document.security).toBeUndefined();
  const secured = await startServer({ work: false, token: TOKEN });
  try {
    expect(await secured.json<Document>(200, 'GET', '/openapi.json')).toMatchObject({
      security: [{ token: [] }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    });
  } finally {
    await secured.close();
  }
});
