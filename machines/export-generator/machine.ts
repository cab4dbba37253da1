import { assign, setup } from 'xstate';
import { initialContext, withPart, type Context } from './context.ts';
import type { Exported, Job } from './input.ts';
import { assemble } from './steps/assemble.ts';
import { count } from './steps/count.ts';
import { discardParts } from './steps/discard-parts.ts';
import { record } from './steps/record.ts';
import { writePart } from './steps/write-part.ts';

const exporting = setup({
  types: { input: {} as Job, context: {} as Context, output: {} as Exported },
  actors: { count, 'write-part': writePart, assemble, record, 'discard-parts': discardParts },
});

/** The next part, until there are no more rows. */
const writeNextPart = exporting.createStateConfig({
  invoke: {
    id: 'write-part',
    src: 'write-part',
    input: ({ context: { job, parts, last, rows, total } }) => ({
      job,
      part: parts + 1,
      after: last,
      before: rows,
      total,
    }),
    onDone: [
      {
        guard: ({ event }) => event.output.done,
        target: '#export-generator.WRITTEN',
        actions: assign(({ context, event }) => withPart(context, event.output)),
      },
      {
        target: '#export-generator.PART_WRITTEN',
        reenter: true,
        actions: assign(({ context, event }) => withPart(context, event.output)),
      },
    ],
  },
});

/** Rows of a user become a file, part by part, so that neither memory nor what a crash costs grows with them. */
export const machine = exporting.createMachine({
  id: 'export-generator',
  description: "Exports a user's rows into a CSV or JSON file of any size.",
  context: ({ input }) => initialContext(input),
  initial: 'RECEIVED',
  states: {
    RECEIVED: {
      description: 'The job is accepted; its rows are being counted.',
      invoke: {
        id: 'count',
        src: 'count',
        input: ({ context }) => context.job,
        onDone: { target: 'COUNTED', actions: assign({ total: ({ event }) => event.output.rows }) },
      },
    },
    COUNTED: { description: 'It is known how many rows there are; the first part is being written.', ...writeNextPart },
    PART_WRITTEN: { description: 'A part of the file is stored; the next one is being written.', ...writeNextPart },
    WRITTEN: {
      description: 'All parts are stored; they are being put together.',
      invoke: {
        id: 'assemble',
        src: 'assemble',
        input: ({ context: { job, parts, rows } }) => ({ job, parts, rows }),
        onDone: { target: 'ASSEMBLED', actions: assign({ exported: ({ event }) => event.output }) },
      },
    },
    ASSEMBLED: {
      description: 'The file is whole; it is being entered into the table of exports.',
      invoke: {
        id: 'record',
        src: 'record',
        input: ({ context: { job, exported } }) => ({ job, exported: exported as Exported }),
        onDone: 'RECORDED',
      },
    },
    RECORDED: {
      description: 'The file can be found; its parts are being deleted.',
      invoke: {
        id: 'discard-parts',
        src: 'discard-parts',
        input: ({ context: { parts } }) => ({ parts }),
        onDone: 'EXPORTED',
      },
    },
    EXPORTED: { description: 'The file is there, and nothing else.', type: 'final' },
  },
  output: ({ context }) => context.exported as Exported,
});
