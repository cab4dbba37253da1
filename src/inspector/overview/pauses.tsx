import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Paused } from '../../http/types.ts';
import { get, post } from '../api/client.ts';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/status.tsx';
import { Time } from '../kit/time.tsx';

/** Workflows and queues that somebody has paused; nothing where none is. */
export function Pauses() {
  const client = useQueryClient();
  const { data = [] } = useQuery({
    queryKey: ['pauses'],
    queryFn: async ({ signal }) => (await get<{ items: Paused[] }>('/pauses', {}, signal)).items,
    refetchInterval: 5_000,
  });
  const unpause = useMutation({
    mutationFn: async ({ target, name }: Paused) =>
      post(`/${target}s/${encodeURIComponent(name)}/unpause`, { by: 'inspector' }),
    onSettled: async () => client.invalidateQueries({ queryKey: ['pauses'] }),
  });
  if (data.length === 0) return null;
  return (
    <ul aria-label="Paused" className="divide-y divide-line rounded-lg border border-line bg-panel">
      {data.map((paused) => (
        <li key={`${paused.target} ${paused.name}`} className="flex items-center gap-2 px-3 py-2 text-sm">
          <StatusMark status="paused" />
          <span className="min-w-0 flex-1">
            The {paused.target} <strong className="font-semibold">{paused.name}</strong> is paused
            <span className="text-muted">
              {' '}
              by {paused.by}, <Time at={paused.since} />
              {paused.why !== null && `: ${paused.why}`}
            </span>
          </span>
          <Button isDisabled={unpause.isPending} onPress={() => unpause.mutate(paused)}>
            Let it go on
          </Button>
        </li>
      ))}
    </ul>
  );
}
