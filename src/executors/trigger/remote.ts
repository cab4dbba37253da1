import { DurachartError } from '../../core/error.ts';
import type { Remote } from '../../engine/engine.ts';
import type { Millis } from '../../engine/ports.ts';
import { PlatformCalls } from './calls.ts';
// Types only: the modules themselves are loaded below.
import type * as platformModule from './platform.ts';
import type { SweepOptions } from './sweep.ts';

type Platform = Pick<typeof platformModule, 'checkKey' | 'triggerDriver'>;

/** Milliseconds that whoever has had something stored waits for its driver to be triggered, so that a process may end or freeze after the answer. */
const PATIENCE = 250;

/** Lets drivers on Trigger.dev move the instances. The SDK is loaded when it is first needed: the local executor does without. */
export function onTrigger(options: Omit<SweepOptions, 'sweepAfter' | 'calls'>): Remote {
  const { store, clock, fault } = options;
  const calls = new PlatformCalls(clock);
  let loaded: Promise<Platform> | undefined;
  const platform = async (): Promise<Platform> => (loaded ??= load());
  const underWay = new Set<Promise<void>>();
  /** Triggers for which somebody has waited long enough. */
  let late = 0;

  const trigger = async (ids: readonly string[], at: Millis): Promise<void> => {
    try {
      const { triggerDriver } = await platform();
      const when = at > clock.now() ? { at } : {};
      // Whoever has an instance looks at its inbox before giving it back.
      const free = await store.free(ids);
      await Promise.all(
        free.map(async (wanted) =>
          calls.call(() => triggerDriver(wanted, 'asked from outside', { ...when, quick: true })),
        ),
      );
    } catch (error) {
      fault('no driver could be triggered on Trigger.dev; its sweep will see to it', error);
    }
  };

  return {
    get trouble() {
      return calls.trouble;
    },
    check: async () => {
      const { checkKey } = await platform();
      await checkKey(process.env, calls, fault);
    },
    announce: async (ids, at) => {
      const triggered = trigger(ids, at);
      underWay.add(triggered);
      const ended = triggered.finally(() => underWay.delete(triggered));
      // While the platform answers late, nobody waits for it.
      if (late > 0) return;
      const { promise: patience, resolve } = Promise.withResolvers<'late'>();
      const stop = clock.after(PATIENCE, () => resolve('late'));
      const outcome = await Promise.race([ended, patience]);
      stop();
      if (outcome !== 'late') return;
      late += 1;
      void ended.finally(() => (late -= 1));
    },
    reconcile: async () => {
      await platform();
      const { sweep } = await import('./sweep.ts');
      // This process holds no instances, and so has no worker in its name.
      return sweep({ ...options, calls, sweepAfter: 0 }, 0);
    },
    close: async () => void (await Promise.all(underWay)),
  };
}

async function load(): Promise<Platform> {
  try {
    return await import('./platform.ts');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new DurachartError(
      'TRIGGER_SDK_MISSING',
      'executor: "trigger" needs the package @trigger.dev/sdk: npm install @trigger.dev/sdk',
      { cause: error },
    );
  }
}
