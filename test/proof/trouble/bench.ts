import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { expect } from 'vitest';
import { assign, setup } from 'xstate';
import { createEngine } from '../../../src/create-engine.ts';
import type { Engine } from '../../../src/engine/api.ts';
import { defineStep, defineWorkflow, DurachartError, type ArtifactStore } from '../../../src/index.ts';
import type { TroubleCode } from '../../../src/engine/trouble.ts';

const plain = defineStep<unknown, string>({ run: ({ key }) => key });
/** An outage is not its failure, and must not use up its attempts. */
const exact = defineStep<unknown, string>({
  retry: { maxAttempts: 50, minDelay: 20, maxDelay: 200 },
  transactional: true,
  run: async ({ key, tx }) => {
    await tx`insert into public.effects (key) values (${key})`;
    return key;
  },
});

/** Two steps, one of them exactly once. Its input is ballast for the disk. */
const trouble = defineWorkflow({
  machine: setup({
    types: {} as { context: { keys: string[] }; input: { ballast: string } },
    actors: { plain, exact },
  }).createMachine({
    id: 'trouble',
    context: { keys: [] },
    initial: 'FIRST',
    states: {
      FIRST: {
        invoke: {
          id: 'plain',
          src: 'plain',
          onDone: { target: 'SECOND', actions: assign({ keys: ({ event }) => [event.output] }) },
        },
      },
      SECOND: { invoke: { id: 'exact', src: 'exact', onDone: 'DONE' } },
      DONE: { type: 'final' },
    },
  }),
});

/** An engine that works on a database which gets into trouble, and somebody who keeps starting instances meanwhile. */
export class TroubleBench {
  readonly engine: Engine;
  /** For a look, and for making trouble: never in trouble itself. */
  readonly sql: postgres.Sql;
  /** Instances that were told stored. */
  readonly stored: string[] = [];
  /** Reasons for which starts were refused. */
  readonly refusals = new Set<unknown>();
  private readonly ballast: number;

  private constructor(url: string, sql: postgres.Sql, ballast: number) {
    this.sql = sql;
    this.ballast = ballast;
    this.engine = createEngine({
      database: url,
      workflows: [trouble],
      artifacts: undefined as unknown as ArtifactStore,
      onFault: () => {},
    }) as unknown as Engine;
  }

  /** @param url of the engine's connections @param admin of those that make the trouble @param ballast bytes of each input */
  static async open(url: string, admin: string, ballast = 0): Promise<TroubleBench> {
    const sql = postgres(admin, {
      max: 2,
      onnotice: () => {},
      // Its own transactions write, whatever the database's default is.
      connection: { application_name: 'trouble', options: '-c default_transaction_read_only=off' },
    });
    await sql`create table if not exists public.effects (key text not null)`;
    const bench = new TroubleBench(url, sql, ballast);
    await bench.engine.work();
    return bench;
  }

  /** Starts instances, one after the other, until told to stop; who is refused tries again under the same id. */
  async keepStarting(until: () => boolean): Promise<void> {
    while (!until()) {
      const id = randomUUID();
      const input = { ballast: Array.from({ length: this.ballast / 36 }, randomUUID).join('') };
      while (!until()) {
        try {
          await this.engine.start('trouble', input, { id });
          this.stored.push(id);
          break;
        } catch (error) {
          if (!(error instanceof DurachartError) || error.code !== 'DATABASE_UNAVAILABLE') throw error;
          this.refusals.add(error.details['reason']);
          await sleep(20);
        }
      }
      await sleep(5);
    }
  }

  /** Waits until the health report names a trouble, or none. */
  async reports(code: TroubleCode | undefined): Promise<void> {
    await expect.poll(async () => (await this.engine.health()).trouble?.code, { timeout: 20_000 }).toBe(code);
  }

  /** Every connection of the engine's has to be made anew; one that was just being made is found by a later look. */
  async cutAll(): Promise<void> {
    for (let looks = 0; looks < 3; looks++) {
      await this.sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and application_name <> 'trouble'`;
      await sleep(100);
    }
  }

  /** What was told stored has come to its end, each effect once. */
  async prove(): Promise<void> {
    for (const id of this.stored) await this.engine.result(id, { timeout: 20_000 });
    const [row] = await this.sql`
      select count(*)::int as count, count(distinct key)::int as keys from public.effects
      where split_part(key, ':', 1) = any(${this.stored})`;
    expect(row).toEqual({ count: this.stored.length, keys: this.stored.length });
  }

  async close(): Promise<void> {
    await this.engine.stop({ grace: 0 });
    await this.sql.end({ timeout: 1 });
  }
}

/** Does something while somebody keeps starting instances; fails when that one does. */
export async function underLoad(bench: TroubleBench, act: () => Promise<void>): Promise<void> {
  let over = false;
  const starting = bench.keepStarting(() => over);
  await expect.poll(() => bench.stored.length, { timeout: 15_000 }).toBeGreaterThan(5);
  await Promise.race([act(), starting]);
  over = true;
  await starting;
}
