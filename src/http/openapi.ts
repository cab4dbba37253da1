import type { Api } from './env.ts';

/** The OpenAPI 3.1 document of all routes, made from their schemas. */
export function openApiDocument(api: Api, version: string, secured: boolean): object {
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Durachart',
      version,
      description:
        'Durable statecharts: start instances of workflows, send them events, and see where they stand. Errors are RFC 9457 problems.',
    },
    ...(secured ? { security: [{ token: [] }] } : {}),
  });
}
