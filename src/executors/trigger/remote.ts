import { DurachartError } from '../../core/error.ts';
import type { Remote } from '../../engine/engine.ts';
// Types only: the modules themselves are loaded below.
import type * as platformModule from './platform.ts';
import type { SweepOptions } from './sweep.ts';

type Platform = Pick<typeof platformModule, 'checkKey' | 'triggerDriver'>;

/** Lets drivers on Trigger.dev move the instances. The SDK is loaded when it is first needed: the local executor does without. */
export function onTrigger(options: Omit<SweepOptions, 'sweepAfter'>): Remote {
  const { store, clock, fault } = options;
  let loaded: Promise<Platform> | undefined;
  const platform = async (): Promise<Platform> => (loaded ??= load());
  return {
    check: async () => {
      const { checkKey } = await platform();
      await checkKey(process.env, fault);
    },
    announce: async (ids, at) => {
      try {
        const { triggerDriver } = await platform();
        const later = at > clock.now();
        // Whoever has an instance looks at its inbox before giving it back.
        for (const free of await store.free(ids)) await triggerDriver(free, 'asked from outside', later ? { at } : {});
      } catch (error) {
        fault('no driver could be triggered on Trigger.dev; its sweep will see to it', error);
      }
    },
    reconcile: async () => {
      await platform();
      const { sweep } = await import('./sweep.ts');
      // This process holds no instances, and so has no worker in its name.
      return sweep({ ...options, sweepAfter: 0 }, 0);
    },
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
