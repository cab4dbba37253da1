import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { createApi } from '../../src/http/api.ts';
import { reached, standing, useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

const payment = z.union([
  z.object({ kind: z.literal('card'), card: z.object({ number: z.string(), month: z.int().max(12) }) }),
  z.object({ kind: z.literal('iban'), iban: z.string() }),
]);
const SECRET = 'sk_live_0123456789';
const wrong = { kind: 'card', card: { number: 4242, month: 13, cvc: SECRET } };
const issues = [
  { path: 'card.number', message: 'Invalid input: expected string, received number' },
  { path: 'card.month', message: 'Too big: expected number to be <=12' },
];

test('a payload that fits no member of a union says what the nearest one lacks: input, event, step, over HTTP too', async () => {
  const workflow = defineWorkflow({
    machine: setup({ types: {} as { events: { type: 'PAY' } } }).createMachine({
      id: 'union',
      initial: 'A',
      states: { A: { on: { PAY: 'B' } }, B: { type: 'final' } },
    }),
    input: payment,
    events: { PAY: payment },
  });
  const step = oneStep('union-step', defineStep<unknown, unknown>({ output: payment as never, run: () => wrong }));
  const engine = await bench.worker([workflow, step]);
  await expect(engine.start('union', wrong as never)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('card.month: Too big: expected number to be <=12') as string,
    details: { issues },
  });
  const { id } = await engine.start('union', { kind: 'iban', iban: 'DE00' } as never);
  await reached(engine, id, 'A');
  await expect(engine.send(id, { type: 'PAY', ...wrong } as never)).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    details: { issues },
  });
  const api = createApi(engine as never, { artifacts: undefined as never });
  const response = await api.request('/workflows/union/instances', {
    method: 'POST',
    body: JSON.stringify({ input: wrong }),
    headers: { 'content-type': 'application/json', host: 'localhost' },
  });
  const text = await response.text();
  expect([response.status, JSON.parse(text)]).toMatchObject([
    422,
    { code: 'INVALID_INPUT', errors: issues.map((issue) => ({ ...issue, path: `input.${issue.path}` })) },
  ]);
  expect(text).not.toContain(SECRET);
  const { id: failing } = await engine.start('union-step', null);
  await standing(engine, failing, 'failed');
  const [cause] = (await engine.explain(failing)).causes;
  expect(cause).toMatchObject({ code: 'FAILED', error: { code: 'INVALID_OUTPUT' } });
  expect(cause?.words).toContain('card.number: Invalid input: expected string, received number');
});
