import { lookup as resolveName } from 'node:dns';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import ipaddr from 'ipaddr.js';
import { StepError } from '../../../src/index.ts';
import { retryAfterOf } from '../adapters/retry-after.ts';
import type { SourceAccess } from './source.ts';

const MAX_REDIRECTS = 5;
/** Milliseconds without a byte. */
const SILENCE = 30_000;

/** Asks for the first byte only, which works where HEAD is refused. */
export async function probeRemote(url: string, access: SourceAccess): Promise<{ bytes: number | null }> {
  const response = await get(url, access, { range: 'bytes=0-0' });
  response.destroy();
  const total = /\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1];
  const length = response.statusCode === 206 ? total : response.headers['content-length'];
  return { bytes: length === undefined ? null : Number(length) };
}

/** Reads the body of a URL. */
export async function* readRemote(url: string, access: SourceAccess): AsyncGenerator<Uint8Array> {
  const response = await get(url, access, {});
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
  } catch (error) {
    throw networkError(url, error, access.signal);
  } finally {
    response.destroy();
  }
}

async function get(source: string, access: SourceAccess, headers: Record<string, string>): Promise<IncomingMessage> {
  let url = parse(source);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(url, access, headers).catch((error: unknown) => {
      throw networkError(source, error, access.signal);
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    response.destroy();
    const { location } = response.headers;
    if (status < 300 || status >= 400 || location === undefined) throw refusedBy(source, status, response);
    url = parse(new URL(location, url).href);
  }
  throw new StepError('INVALID_INPUT', `${source} redirects more than ${MAX_REDIRECTS} times.`);
}

function parse(source: string): URL {
  const url = URL.parse(source);
  if (url === null) throw new StepError('INVALID_INPUT', `${source} is no URL.`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new StepError('INVALID_INPUT', `The URL leads to ${url.protocol}; only http: and https: are taken.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new StepError(
      'INVALID_INPUT',
      'The URL has a user name or password in it, which would be kept in the history. Use a signed URL.',
    );
  }
  return url;
}

function send(url: URL, access: SourceAccess, headers: Record<string, string>): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!access.config.allowPrivateUrls && ipaddr.isValid(host)) assertPublic(host, host);
  const options: RequestOptions = { headers, signal: access.signal, timeout: SILENCE, agent: false };
  if (!access.config.allowPrivateUrls) options.lookup = publicOnly;
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
    request.on('timeout', () =>
      request.destroy(new StepError('TIMEOUT', `${url.host} was silent for ${SILENCE / 1_000} s.`)),
    );
    request.on('error', reject);
    request.end();
  });
}

/** Checks the addresses that are connected to, so that a name cannot change between check and use. */
const publicOnly: NonNullable<RequestOptions['lookup']> = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    try {
      for (const { address } of addresses) assertPublic(address, hostname);
    } catch (refused) {
      return callback(refused as NodeJS.ErrnoException, []);
    }
    const first = addresses[0];
    if (options.all === true || first === undefined) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};

function assertPublic(address: string, host: string): void {
  if (ipaddr.process(address).range() === 'unicast') return;
  throw new StepError(
    'INVALID_INPUT',
    `${host} is a loopback, private or reserved address; VIDEO_ALLOW_PRIVATE_URLS=true would allow it.`,
  );
}

function refusedBy(source: string, status: number, response: IncomingMessage): StepError {
  const message = `${source} answered with status ${status}.`;
  if (status === 429) {
    const retryAfter = retryAfterOf(response.headers['retry-after']);
    return new StepError('RATE_LIMITED', message, retryAfter === undefined ? {} : { retryAfter });
  }
  if (status === 408 || status === 504) return new StepError('TIMEOUT', message);
  return new StepError(status >= 500 ? 'UPLOAD_FAILED' : 'INVALID_INPUT', message);
}

function networkError(source: string, error: unknown, signal: AbortSignal): unknown {
  if (error instanceof StepError || signal.aborted) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND')
    return new StepError('INVALID_INPUT', `The host of ${source} is not known.`, { cause: error });
  return new StepError(
    code === 'ETIMEDOUT' ? 'TIMEOUT' : 'NETWORK_ERROR',
    `${source} cannot be reached${code === undefined ? '' : `: ${code}`}.`,
    { cause: error },
  );
}
