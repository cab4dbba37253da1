import type { ErrorComponentProps } from '@tanstack/react-router';
import { Button } from '../kit/button.tsx';
import { Empty } from '../kit/empty.tsx';

/** The page itself has failed: the rest of it stays. */
export function PageError({ error, reset }: ErrorComponentProps) {
  return (
    <div role="alert">
      <Empty title="This part of the page has failed">
        <p>
          The server and its instances are not concerned. What was thrown:
          <code className="mt-2 block rounded-md bg-sunken p-2 text-left font-mono text-xs break-words">
            {String(error)}
          </code>
        </p>
        <Button onPress={reset}>Show it again</Button>
      </Empty>
    </div>
  );
}
