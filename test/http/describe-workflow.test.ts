import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { describeWorkflow, findWorkflow } from '../../src/http/describe-workflow.ts';
import { Workflow } from '../../src/http/schemas.ts';
import { defineWorkflow } from '../../src/index.ts';

const leaf = setup({}).createMachine({ id: 'leaf', initial: 'A', states: { A: { type: 'final' } } });
const child = setup({ actors: { leaf } }).createMachine({
  id: 'child',
  initial: 'B',
  states: { B: { invoke: { id: 'l', src: 'leaf', onDone: 'C' } }, C: { type: 'final' } },
});
const parent = defineWorkflow({
  machine: setup({ actors: { child } }).createMachine({
    id: 'parent',
    initial: 'D',
    states: { D: { invoke: { id: 'c', src: 'child', onDone: 'E' } }, E: { type: 'final' } },
  }),
});

test('finds the workflows that only run as children, however deep', () => {
  expect(['parent', 'child', 'leaf', 'nope'].map((name) => findWorkflow([parent], name)?.name)).toEqual([
    'parent',
    'child',
    'leaf',
    undefined,
  ]);
});

test('a description has the form that the document describes, its definition included', () => {
  const described = describeWorkflow(parent);
  expect(Workflow.parse(described)).toEqual(described);
  expect(described.states).toEqual(['D', 'E']);
  expect(described.definition.transitions).toMatchObject([{ from: 'D', event: 'xstate.done.actor.c', to: ['E'] }]);
});
