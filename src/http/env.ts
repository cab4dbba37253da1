import { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { Engine } from '../engine/api.ts';
import type { ArtifactStore } from '../core/artifact.ts';
import { namedIssues } from '../core/issues.ts';
import { fieldErrors, Problem } from './problem.ts';

/** What handlers find in their context. */
export interface HttpEnv {
  Bindings: {
    /** Aborted when the server stops: open streams end. */
    stopping?: AbortSignal;
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
