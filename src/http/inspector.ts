import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from 'hono';
import { compress } from 'hono/compress';
import { newApi, type Api, type HttpEnv } from './env.ts';
import { Problem } from './problem.ts';

/** Where `npm run build` puts the page: beside the package's own files, and beside the sources. */
const BUILT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/inspector' : '../../inspector', import.meta.url),
);

/** Of the built files. Not those of artifacts, among which a script must be none. */
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  // Browsers would store it in place of showing it.
  md: 'text/plain; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Whether the page is there to be served. */
export function isInspectorBuilt(folder: string = BUILT): boolean {
  return existsSync(join(folder, 'index.html'));
}

/** Whether a path is of the page itself, which says nothing of what is inside. */
export function isInspectorPath(path: string): boolean {
  return path === '/' || path === '/ui' || path.startsWith('/ui/');
}

/** The inspector: one page, its scripts and styles. @param folder where it was built */
export function inspector(folder: string = BUILT): Api {
  const api = newApi();
  api.use('/ui/*', compress());
  api.get('/', (c) => c.redirect('/ui/overview'));
  api.get('/ui', (c) => c.redirect('/ui/overview'));
  api.get('/ui/assets/:name', async (c) =>
    // Their names tell their content.
    asset(c, join(folder, 'assets'), c.req.param('name'), 'public, max-age=31536000, immutable'),
  );
  // Of what the page bundles, as their licences ask.
  api.get('/ui/licenses.md', async (c) => asset(c, folder, 'licenses.md', 'no-cache'));
  // Whatever else is a place in the page, which finds its own way.
  api.get('/ui/*', async (c) => page(c, folder));
  return api;
}

async function page(c: Context<HttpEnv>, folder: string): Promise<Response> {
  const html = await readIfThere(join(folder, 'index.html'));
  if (html === undefined) return c.text(NOT_BUILT, 404);
  const nonce = randomBytes(16).toString('base64');
  c.header('content-security-policy', policy(nonce));
  c.header('referrer-policy', 'no-referrer');
  c.header('x-frame-options', 'DENY');
  return c.html(html.toString('utf8').replaceAll('%NONCE%', nonce));
}

const NOT_BUILT = `The inspector, which is the page of this server, is not built.

  npm run build:inspector    builds it (a few seconds), then load this page again
  npm run demo               builds it by itself where it is missing

The API works without it: /openapi.json describes it.
`;

/** The nonce is for style elements that the component kit makes; there is no script that is not a file of ours. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "media-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
}

async function asset(c: Context<HttpEnv>, folder: string, name: string, caching: string): Promise<Response> {
  // No separator of any system, and nothing hidden: a file of this folder or none.
  const type = TYPES[/^[\w-][\w.-]*\.(\w+)$/.exec(name)?.[1] ?? ''];
  const bytes = type === undefined ? undefined : await readIfThere(join(folder, name));
  if (type === undefined || bytes === undefined)
    throw new Problem('ROUTE_NOT_FOUND', `The inspector has no file ${JSON.stringify(name)}.`);
  return c.body(new Uint8Array(bytes), 200, { 'content-type': type, 'cache-control': caching });
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
