import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useHealth, type Health } from '../api/queries.ts';

const WORDS: Readonly<Partial<Record<Health['state'], readonly [what: string, then: string]>>> = {
  'no server': [
    'The server does not answer.',
    'What you see is the last that was heard; it goes on by itself once the server is back.',
  ],
  'no database': [
    'The database does not answer.',
    'Nothing moves, and nothing that was stored is lost. It goes on by itself once the database is back.',
  ],
  'no worker': [
    'No worker is up.',
    'Instances can be read and started, but none of them moves. Start one: npm start, or engine.work() in your own process.',
  ],
};

/** Says plainly what is away, and has everything read again when it is back. */
export function Banner() {
  const { state, ready } = useHealth();
  const client = useQueryClient();
  const before = useRef(state);
  useEffect(() => {
    const wasAway = before.current === 'no server' || before.current === 'no database';
    if (wasAway && (state === 'well' || state === 'no worker')) void client.invalidateQueries();
    before.current = state;
  }, [state, client]);
  const usual = WORDS[state];
  const trouble = state === 'no database' ? ready?.trouble?.detail : undefined;
  const words = trouble === undefined ? usual : ([trouble, 'Nothing moves meanwhile.'] as const);
  return (
    <div role="status" className={words === undefined ? 'hidden' : ''}>
      {words !== undefined && (
        <p className="border-b border-line bg-[color-mix(in_srgb,var(--c-waiting)_14%,var(--c-panel))] px-4 py-2 text-sm">
          <strong className="font-semibold">{words[0]}</strong> <span className="text-muted">{words[1]}</span>
        </p>
      )}
    </div>
  );
}
