import { useQuery } from '@tanstack/react-query';
import Markdown from 'react-markdown';
import type { Artifact } from '../../http/types.ts';
import { Failed } from '../kit/failed.tsx';
import { Json } from '../kit/json.tsx';
import { Loading } from '../kit/loading.tsx';

/** Longer texts are to be saved, and looked at elsewhere. */
const MAX_TEXT = 1_000_000;

/** One artifact as what it is. Text is never run: of Markdown only the marks are read, and pictures from elsewhere are not fetched. */
export function ArtifactView({ artifact, address }: { artifact: Artifact; address: string }) {
  const type = artifact.type.split(';')[0] ?? '';
  const name = artifact.key.slice(artifact.key.lastIndexOf('/') + 1);
  if (type.startsWith('image/') && type !== 'image/svg+xml')
    return <img src={address} alt={name} className="max-h-120 max-w-full self-start rounded-md border border-line" />;
  if (type.startsWith('video/')) {
    return (
      // What an instance has stored has no captions of its own.
      // oxlint-disable-next-line jsx-a11y/media-has-caption
      <video
        src={address}
        controls
        preload="metadata"
        aria-label={name}
        className="max-h-120 max-w-full rounded-md bg-black"
      />
    );
  }
  // oxlint-disable-next-line jsx-a11y/media-has-caption
  if (type.startsWith('audio/')) return <audio src={address} controls preload="metadata" aria-label={name} />;
  const isText = type.startsWith('text/') || type === 'application/json';
  if (!isText || artifact.size > MAX_TEXT)
    return <p className="text-sm text-muted">It can be saved, but not be shown here.</p>;
  return <TextView address={address} type={type} version={artifact.sha256} name={name} />;
}

function TextView({ address, type, version, name }: { address: string; type: string; version: string; name: string }) {
  const { data, error } = useQuery({
    queryKey: ['artifact', address, version],
    queryFn: async ({ signal }) => {
      const response = await fetch(address, { signal });
      if (!response.ok) throw new Error(`The server answered with ${response.status}.`);
      return response.text();
    },
    staleTime: Infinity,
  });
  if (error !== null) return <Failed what="The artifact" error={error} />;
  if (data === undefined) return <Loading what="the artifact" />;
  if (type === 'text/markdown') {
    return (
      <div className="markdown max-h-160 overflow-y-auto" tabIndex={0} role="region" aria-label={name}>
        <Markdown components={{ img: ({ alt }) => <em>[{alt}]</em> }}>{data}</Markdown>
      </div>
    );
  }
  const json = type === 'application/json' ? parsed(data) : undefined;
  if (json !== undefined) return <Json value={json} label={name} />;
  return (
    <pre tabIndex={0} aria-label={name} className="max-h-160 overflow-auto font-mono text-xs whitespace-pre-wrap">
      {data}
    </pre>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
