import { Copy } from '../../kit/copy.tsx';

/** The same as command lines, to be pasted elsewhere. */
export function ShellLines({ cli, curl }: { cli: string; curl: string }) {
  return (
    <div className="flex min-w-0 items-center gap-1 rounded-md bg-sunken px-2 py-1">
      <code className="min-w-0 flex-1 truncate font-mono text-2xs text-muted">{cli}</code>
      <Copy text={cli} label="Copy as CLI line">
        CLI
      </Copy>
      <Copy text={curl} label="Copy as curl">
        curl
      </Copy>
    </div>
  );
}
