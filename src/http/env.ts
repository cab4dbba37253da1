import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { Engine } from '../engine/api.ts';
import type { ArtifactStore } from '../core/artifact.ts';
import { namedIssues } from '../core/issues.ts';
import { connectionLimits, type ConnectionLimits } from './connection-limits.ts';
import { fieldErrors, Problem } from './problem.ts';
import { Quota } from './quota.ts';
import { WrongTokens } from './wrong-tokens.ts';

/** What a server counts, so that no client and not all of them together hold too much of it. */
export interface Guards {
  limits: ConnectionLimits;
  /** Bodies that come slowly. */
  slowBodies: Quota;
  /** Streams of events, and WebSockets. */
  streams: Quota;
  wrongTokens: WrongTokens;
}

/** @throws RangeError where a limit is none */
export function guardsOf(limits: Partial<ConnectionLimits> = {}): Guards {
  const all = connectionLimits(limits);
  return {
    limits: all,
    slowBodies: new Quota(all.slowBodiesPerClient, all.slowBodies),
    streams: new Quota(Infinity, all.streams),
    wrongTokens: new WrongTokens(all.wrongTokens, all.wrongTokenMs),
  };
}

let usual: Guards | undefined;

/** Those of an API that is asked without a server. */
export function usualGuards(): Guards {
  return (usual ??= guardsOf());
}

/** What handlers find in their context. */
export interface HttpEnv {
  Bindings: {
    /** Aborted when the server stops: open streams end. */
    stopping?: AbortSignal;
    guards?: Guards;
    /** Node's request; undefined where the API is asked without a server. */
    incoming?: IncomingMessage;
    outgoing?: ServerResponse;
  };
  Variables: {
    requestId: string;
    log: Logger;
    /** As whoever asks may see it: without the right to secrets they are masked in all that it gives. */
    engine: Engine;
    /** Whether it shows secrets. */
    secrets: boolean;
  };
}

/** The application, and one resource of it. */
export type Api = OpenAPIHono<HttpEnv>;

/** What the resources work with. */
export interface Services {
  artifacts: ArtifactStore;
  version: string;
  /** Of Trigger.dev. */
  dashboard: string | undefined;
  /** Bytes that an upload may have. */
  uploadLimit: number;
  /** What is wrong with the embedded Postgres, in words; undefined while it runs, and where there is none. */
  embeddedTrouble: () => string | undefined;
}

/** An empty resource. A request that does not fit a route's schemas is a 422 that lists what is wrong where. */
export function newApi(): Api {
  return new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = fieldErrors(namedIssues(result.error.issues));
      const what = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
      throw new Problem('INVALID_REQUEST', `Wrong ${PLACES[result.target] ?? 'request'}: ${what}.`, { errors });
    },
  });
}

const PLACES: Readonly<Record<string, string>> = { json: 'body', query: 'query', param: 'address', header: 'header' };
