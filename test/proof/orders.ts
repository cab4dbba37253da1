import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { setup } from 'xstate';
import { defineStep, defineWorkflow } from '../../src/index.ts';

/** Milliseconds of a step. */
const STEP = 20;

/** The tables in which steps note what they have done. */
export const LEDGERS = `
  create table plain_ledger (key text not null);
  create table exact_ledger (key text not null)`;

/** Keys of the invocations of one instance that end up in each ledger. */
export const PLAIN = ['1:pick', '2:pack', '5:ship'];
export const EXACT = ['3:pay'];

/** The history of every instance. */
export const HISTORY = [
  'xstate.init>PICKING',
  'xstate.done.actor.pick>PACKING',
  'xstate.done.actor.pack>PAYING',
  'xstate.done.actor.pay>COOLING',
  'xstate.after.30.orders.COOLING>SHIPPING',
  'xstate.done.actor.ship>SHIPPED',
];

/** Steps of 20 ms, a transactional one and a timer. @param sql where plain steps note what they do */
export function ordersWorkflow(sql: postgres.Sql) {
  const plain = defineStep<unknown, string>({
    retry: { maxAttempts: 50, minDelay: 20, maxDelay: 200 },
    // Of a connection that is cut the driver may lose a statement, and nobody answers it.
    timeout: 5_000,
    run: async ({ key }) => {
      await sleep(STEP);
      await sql`insert into plain_ledger (key) values (${key})`;
      return key;
    },
  });
  const exact = defineStep<unknown, string>({
    retry: { maxAttempts: 50, minDelay: 20, maxDelay: 200 },
    transactional: true,
    run: async ({ key, tx }) => {
      await tx`insert into exact_ledger (key) values (${key})`;
      await sleep(STEP);
      return key;
    },
  });
  return defineWorkflow({
    machine: setup({ actors: { pick: plain, pack: plain, pay: exact, ship: plain } }).createMachine({
      id: 'orders',
      initial: 'PICKING',
      states: {
        PICKING: { invoke: { id: 'pick', src: 'pick', onDone: 'PACKING' } },
        PACKING: { invoke: { id: 'pack', src: 'pack', onDone: 'PAYING' } },
        PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'COOLING' } },
        COOLING: { after: { 30: 'SHIPPING' } },
        SHIPPING: { invoke: { id: 'ship', src: 'ship', onDone: 'SHIPPED' } },
        SHIPPED: { type: 'final' },
      },
    }),
  });
}
