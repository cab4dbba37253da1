import type { Context } from 'hono';
import type { Api, HttpEnv } from './env.ts';
import { Problem, problemResponse } from './problem.ts';

/** Answers what no route takes: 405 with what the address does take, or 404. */
export function notFound(api: Api): (c: Context<HttpEnv>) => Response {
  let routes: { method: string; pattern: RegExp }[] | undefined;
  return (c) => {
    // Asked for when all routes are there.
    routes ??= api.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.endsWith('*'))
      .map(({ method, path }) => ({ method, pattern: patternOf(path) }));
    const methods = new Set(routes.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method));
    if (methods.has('GET')) methods.add('HEAD');
    if (methods.size === 0) {
      return problemResponse(
        new Problem('ROUTE_NOT_FOUND', `There is nothing at ${c.req.path}. GET /openapi.json tells what there is.`),
        c,
      );
    }
    const allow = [...methods].toSorted().join(', ');
    return problemResponse(
      new Problem('METHOD_NOT_ALLOWED', `${c.req.path} takes ${allow}, not ${c.req.method}.`, { headers: { allow } }),
      c,
    );
  };
}

/** `/artifacts/:key{.+}` → anything below /artifacts/; `:id` → one part of a path. */
function patternOf(path: string): RegExp {
  const parts = path
    .split('/')
    .map((part) =>
      part.startsWith(':') ? (part.endsWith('{.+}') ? '.+' : '[^/]+') : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    );
  return new RegExp(`^${parts.join('/')}$`);
}
