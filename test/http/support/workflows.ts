import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineEvent, defineStep, defineWorkflow, StepError } from '../../../src/index.ts';

const documentFiled = defineEvent('document.filed', z.object({ document: z.string() }));
const documentSigned = defineEvent('document.signed', z.object({ document: z.string(), by: z.string() }));

/** Lets a test hold a step back: the step waits until its document is released. */
export class Gate {
  private readonly doors = new Map<string, { promise: Promise<void>; open: () => void }>();
  private readonly opened = new Set<string>();

  open(name: string): void {
    this.opened.add(name);
    this.door(name).open();
  }

  isOpen(name: string): boolean {
    return this.opened.has(name);
  }

  passed(name: string): Promise<void> {
    return this.door(name).promise;
  }

  private door(name: string): { promise: Promise<void>; open: () => void } {
    let door = this.doors.get(name);
    if (door === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      door = { promise, open: resolve };
      this.doors.set(name, door);
    }
    return door;
  }
}

/**
 * A document is read, then approved or rejected by a person. What its text begins with decides what happens:
 * `hold…` waits at the gate, `flaky…` fails once, `bad…` fails for good until the gate is open.
 */
export function approval(gate: Gate) {
  const read = defineStep({
    input: z.object({ document: z.string() }),
    output: z.object({ words: z.int() }),
    retry: { maxAttempts: 3, minDelay: 1, maxDelay: 1 },
    timeout: 60_000,
    run: async ({ input: { document }, attempt, progress, log }) => {
      log.info('reading', { length: document.length });
      if (document.startsWith('hold')) {
        progress(0.5, 'half of it');
        await gate.passed(document);
      }
      if (document.startsWith('flaky') && attempt === 1) throw new StepError('NETWORK_ERROR', 'The line was cut.');
      if (document.startsWith('bad')) {
        if (!gate.isOpen(document)) throw new StepError('CONTENT_POLICY_VIOLATION', `No: ${document}`);
      }
      return { words: document.split(' ').length };
    },
  });
  const machine = setup({
    types: {} as {
      context: { document: string; words: number; by: string | null; reminders: number };
      input: { document: string };
      events: { type: 'approve'; by: string } | { type: 'reject' } | { type: 'remind' };
      output: { words: number; by: string | null };
    },
    actors: { read },
  }).createMachine({
    id: 'approval',
    description: 'Reads a document and waits for a person',
    context: ({ input }) => ({ document: input.document, words: 0, by: null, reminders: 0 }),
    initial: 'SUBMITTED',
    output: ({ context }) => ({ words: context.words, by: context.by }),
    states: {
      SUBMITTED: {
        invoke: {
          src: 'read',
          input: ({ context }) => ({ document: context.document }),
          onDone: { target: 'READ', actions: assign({ words: ({ event }) => event.output.words }) },
        },
      },
      READ: {
        on: {
          approve: { target: 'APPROVED', actions: assign({ by: ({ event }) => event.by }) },
          reject: 'REJECTED',
        },
      },
      APPROVED: { type: 'final' },
      REJECTED: { type: 'final' },
    },
    on: { remind: { actions: assign({ reminders: ({ context }) => context.reminders + 1 }) } },
  });
  return defineWorkflow({
    machine,
    version: '2',
    input: z.object({ document: z.string(), copies: z.int().min(1).optional() }),
    events: { approve: z.object({ by: z.string() }) },
    subscriptions: ({ startedBy, receives }) => [
      startedBy(documentFiled, { input: ({ document }) => ({ document }) }),
      receives(documentSigned, {
        as: 'approve',
        key: ({ document }) => document,
        instanceKey: ({ context }) => context.document.slice(0, 200),
        payload: ({ by }) => ({ by }),
      }),
    ],
  });
}
