import { DurachartError } from '../core/error.ts';
import type { DurableEngine } from './engine.ts';
import { DatabaseUnavailableError } from './unavailable.ts';

/** What may be asked of an engine that was stopped. */
const ALWAYS: ReadonlySet<PropertyKey> = new Set(['stop', 'kill']);

type Method = (...args: unknown[]) => unknown;

/** The same engine, whose methods refuse with `ENGINE_STOPPED` once it was stopped, and do not say that the database is away. */
export function refusedOnceStopped(engine: DurableEngine): DurableEngine {
  const methods = new Map<PropertyKey, Method>();
  return new Proxy(engine, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const known = methods.get(name) ?? method(target, name, value as Method);
      methods.set(name, known);
      return known;
    },
  });
}

function method(engine: DurableEngine, name: PropertyKey, own: Method): Method {
  if (ALWAYS.has(name)) return own.bind(engine);
  return (...args) => {
    if (engine.isStopped) return name === 'subscribe' ? nothing() : Promise.reject(stopped());
    const result = own.apply(engine, args);
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => {
      // Its connections were closed under what was under way.
      throw engine.isStopped && error instanceof DatabaseUnavailableError ? stopped() : error;
    });
  };
}

// eslint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<never> {
  throw stopped();
}

function stopped(): DurachartError {
  return new DurachartError(
    'ENGINE_STOPPED',
    'This engine was stopped (engine.stop()), and its connections are closed. Make another one with createEngine; what was stored is not lost.',
  );
}
