import {
  lifecycleHooks,
  localsAPI,
  resourceCatalog,
  runMetadata,
  runtime,
  taskContext,
  type RunMetadataManager,
  type TaskRunContext,
} from '@trigger.dev/core/v3';
import { StandardLifecycleHooksManager, StandardResourceCatalog } from '@trigger.dev/core/v3/workers';
import { currentRun, type WaitListener } from './run.ts';

type RuntimeManager = Parameters<typeof runtime.setGlobalRuntimeManager>[0];
type TaskContext = Parameters<typeof taskContext.setGlobalTaskContext>[0];
type LocalsManager = Parameters<typeof localsAPI.setGlobalLocalsManager>[0];

/** The platform has one run a process; here many share one, so what is kept for a run is found through its async context. */
class HooksOfRuns extends StandardLifecycleHooksManager {
  override registerOnWaitHookListener(listener: WaitListener): void {
    currentRun()?.attempt.hooks.wait.push(listener);
  }
  override registerOnResumeHookListener(listener: WaitListener): void {
    currentRun()?.attempt.hooks.resume.push(listener);
  }
  override registerOnCancelHookListener(listener: () => Promise<void>): void {
    currentRun()?.attempt.hooks.cancel.push(listener);
  }
}

/** Puts the double's managers in the place of those that a worker process of the platform sets up. */
export function installManagers(waitForTask: RuntimeManager['waitForTask']): StandardResourceCatalog {
  // What an earlier host has set up stays otherwise: the SDK takes the first of each.
  Reflect.deleteProperty(globalThis, Symbol.for('dev.trigger.ts.api'));
  const catalog = new StandardResourceCatalog();
  resourceCatalog.setGlobalResourceCatalog(catalog);
  lifecycleHooks.setGlobalLifecycleHooksManager(new HooksOfRuns());
  const context = {
    get ctx(): TaskRunContext | undefined {
      return currentRun()?.ctx;
    },
    worker: { id: 'double', version: 'double', contentHash: '', engine: 'V2' },
    isWarmStart: true,
  };
  taskContext.setGlobalTaskContext(context as unknown as TaskContext);
  localsAPI.setGlobalLocalsManager({
    createLocal: (id: string) => ({ __type: Symbol.for(id), id }),
    getLocal: () => undefined,
    setLocal: () => {},
  } as unknown as LocalsManager);
  runMetadata.setGlobalManager(metadataManager());
  const refuse = (): never => {
    throw new Error('The double has no batches and no waitpoints.');
  };
  runtime.setGlobalRuntimeManager({ disable: () => {}, waitForTask, waitForBatch: refuse, waitForWaitpoint: refuse });
  return catalog;
}

/** Outside a run, metadata throws, as the SDK's own does. */
function metadataManager(): RunMetadataManager {
  const of = (): Record<string, unknown> => {
    const run = currentRun()?.run;
    if (run === undefined) throw new Error('Metadata is only there inside a run.');
    return run.metadata;
  };
  const manager = {
    enterWithMetadata: (values: Record<string, unknown>) => void Object.assign(of(), values),
    current: () => of(),
    getKey: (key: string) => of()[key],
    set: (key: string, value: unknown) => {
      of()[key] = value;
      return manager;
    },
    del: (key: string) => {
      delete of()[key];
      return manager;
    },
    flush: async () => {},
    refresh: async () => {},
  };
  return manager as unknown as RunMetadataManager;
}
