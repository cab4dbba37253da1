import { DurachartError } from '../../core/error.ts';
import type { DriverStore } from '../../engine/driver-store.ts';
import type { Remote } from '../../engine/engine.ts';
import type { Clock } from '../../engine/ports.ts';
// A type only: the module itself is loaded below.
import type * as platformModule from './platform.ts';

type Platform = Pick<typeof platformModule, 'checkKey' | 'triggerDriver'>;

/** Lets drivers on Trigger.dev move the instances. The SDK is loaded when it is first needed: the local executor does without. */
export function onTrigger(
  store: DriverStore,
  clock: Clock,
  onFault: (message: string, error: unknown) => void,
): Remote {
  let loaded: Promise<Platform> | undefined;
  const platform = async (): Promise<Platform> => (loaded ??= load());
  return {
    check: async () => {
      const { checkKey } = await platform();
      await checkKey(process.env, onFault);
    },
    announce: async (ids, at) => {
      try {
        const { triggerDriver } = await platform();
        const later = at > clock.now();
        // Whoever has an instance looks at its inbox before giving it back.
        for (const id of await store.free(ids)) await triggerDriver(id, 'asked from outside', later ? { at } : {});
      } catch (error) {
        onFault('no driver could be triggered on Trigger.dev; its sweep will see to it', error);
      }
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
