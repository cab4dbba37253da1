import { setup } from 'xstate';
import { defineStep, defineWorkflow, type Workflow } from '../../src/index.ts';
import { act, type Note } from './stand-ins.ts';

const RETRY = { maxAttempts: 5, minDelay: 10, maxDelay: 200 };

/**
 * What many a pipeline is made of: steps one after the other, one of them transactional, a timer, a wait for a person with
 * a time limit, regions side by side, and a child workflow that is one of the same.
 */
export function orderWorkflows(note: Note): Workflow[] {
  const run = async (context: Parameters<typeof act>[0]): Promise<string> => {
    await act(context, note);
    return context.key;
  };
  const plain = defineStep<unknown, string>({ retry: RETRY, run: run as never });
  const exact = defineStep<unknown, string>({ retry: RETRY, transactional: true, run });
  const parcel = setup({ actors: { plain, exact } }).createMachine({
    id: 'chaos-parcel',
    initial: 'PICKING',
    states: {
      PICKING: { invoke: { id: 'pick', src: 'plain', onDone: 'PACKING' } },
      PACKING: { invoke: { id: 'pack', src: 'exact', onDone: 'COOLING' } },
      COOLING: { after: { 60: 'SHIPPING' } },
      SHIPPING: { invoke: { id: 'ship', src: 'plain', onDone: 'SHIPPED' } },
      SHIPPED: { type: 'final' },
    },
  });
  const order = setup({
    actors: { plain, exact, parcel },
    types: { events: {} as { type: 'APPROVED' } },
  }).createMachine({
    id: 'chaos-order',
    initial: 'PAYING',
    states: {
      PAYING: { invoke: { id: 'pay', src: 'exact', onDone: 'PAID' } },
      PAID: { on: { APPROVED: 'SENDING' }, after: { 400: 'SENDING' } },
      SENDING: {
        type: 'parallel',
        onDone: 'BOOKING',
        states: {
          parcel: {
            initial: 'OUT',
            states: { OUT: { invoke: { id: 'parcel', src: 'parcel', onDone: 'IN' } }, IN: { type: 'final' } },
          },
          invoice: {
            initial: 'OUT',
            states: { OUT: { invoke: { id: 'invoice', src: 'plain', onDone: 'IN' } }, IN: { type: 'final' } },
          },
        },
      },
      BOOKING: { invoke: { id: 'book', src: 'exact', onDone: 'BOOKED' } },
      BOOKED: { type: 'final' },
    },
  });
  return [defineWorkflow({ machine: order }) as unknown as Workflow];
}
