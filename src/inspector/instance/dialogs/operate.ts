import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Operated } from '../../../http/types.ts';
import { instancePath, post } from '../../api/client.ts';
import { instanceQuery } from '../queries.ts';

/** What a person can ask for with a dialog. */
export const OPERATIONS = ['retry', 'resume', 'skip', 'rewind', 'fork', 'edit', 'pause', 'unpause', 'cancel'] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** Asks for an operation; with it the page shows the instance as it stands afterwards. */
export function useOperate(id: string, operation: OperationName, onDone: (done: Operated) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: Record<string, unknown>) =>
      post<Operated>(instancePath(id, `/${operation}`), body, { 'idempotency-key': newKey() }),
    onSuccess: (done) => {
      if (done.instance.id === id) client.setQueryData(instanceQuery(id).queryKey, done.instance);
      void client.invalidateQueries({ queryKey: ['instance', id] });
      onDone(done);
    },
  });
}

/** Sent twice by a browser that lost its connection, it is done once. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const BY = 'durachart.by';

/** Who works here, as they said last time. */
export function rememberedName(): string {
  return localStorage.getItem(BY) ?? '';
}

export function rememberName(name: string): void {
  localStorage.setItem(BY, name);
}
