import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useState } from 'react';
import type { Artifact } from '../../http/types.ts';
import { Failed } from '../kit/failed.tsx';
import { Loading } from '../kit/loading.tsx';
import { bytes } from '../kit/number.ts';
import { ArtifactView } from './artifact-view.tsx';
import { artifactsQuery } from './queries.ts';

/** What its steps have stored: pictures and texts are shown, videos and sounds played, the rest can be saved. */
export function Artifacts({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(artifactsQuery(id));
  const [key, setKey] = useState<string>();
  if (error !== null) return <Failed what="The artifacts" error={error} again={() => void refetch()} />;
  if (data === undefined) return <Loading what="the artifacts" />;
  if (data.length === 0) return <p className="p-4 text-sm text-muted">It has stored nothing.</p>;
  const shown = data.find((each) => each.key === key) ?? firstOf(data);
  return (
    <div className="grid md:grid-cols-[17rem_minmax(0,1fr)]">
      <ul
        aria-label="Artifacts"
        className="max-h-120 overflow-y-auto border-line py-1 max-md:max-h-56 max-md:border-b md:border-r"
      >
        {data.map((artifact) => (
          <li key={artifact.key}>
            <button
              type="button"
              aria-pressed={artifact === shown}
              onClick={() => setKey(artifact.key)}
              className={`flex w-full items-baseline gap-2 px-3 py-1 text-left text-sm hover:bg-hover ${artifact === shown ? 'bg-selected' : ''}`}
            >
              <span className="min-w-0 flex-1 truncate">{artifact.key.slice(id.length + 1)}</span>
              <span className="tabular text-xs text-muted">{bytes(artifact.size)}</span>
            </button>
          </li>
        ))}
      </ul>
      {shown === undefined ? null : (
        <section aria-label={shown.key} className="flex min-w-0 flex-col gap-3 p-3">
          <header className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
            <h3 className="font-mono text-xs font-semibold break-all">{shown.key}</h3>
            <span className="text-xs text-muted">
              {shown.type.split(';')[0]}, {bytes(shown.size)}
            </span>
            <a
              href={addressOf(shown)}
              download
              className="ml-auto inline-flex items-center gap-1 text-xs text-accent hover:underline"
            >
              <Download size={13} aria-hidden="true" /> Save
            </a>
          </header>
          <ArtifactView key={shown.key} artifact={shown} address={addressOf(shown)} />
        </section>
      )}
    </div>
  );
}

/** What is nicest to look at. */
function firstOf(artifacts: readonly Artifact[]): Artifact | undefined {
  return ['text/markdown', 'image/', 'video/']
    .map((type) => artifacts.find((artifact) => artifact.type.startsWith(type)))
    .concat(artifacts[0])
    .find((artifact) => artifact !== undefined);
}

function addressOf({ key }: Artifact): string {
  return `/artifacts/${key.split('/').map(encodeURIComponent).join('/')}`;
}
