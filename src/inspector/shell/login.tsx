import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { FieldError, Form, Input, Label, TextField } from 'react-aria-components';
import type { Session } from '../../http/types.ts';
import { OfflineError, post, remove } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Brand } from './brand.tsx';

/** Shows the page to who may see it, and asks the others for the token. */
export function LoginGate({ children }: { children: ReactNode }) {
  const { data, error } = useQuery({ ...sessionQuery, retry: true, retryDelay: 1_500 });
  if (data === undefined) {
    return error instanceof OfflineError || error !== null ? <p className="p-6">The server does not answer …</p> : null;
  }
  return data.active ? children : <Login />;
}

function Login() {
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="w-full max-w-sm space-y-4 rounded-xl border border-line bg-panel p-6 shadow-sm">
        <h1>
          <Brand />
        </h1>
        <TokenForm label="API token" button="Log in" />
        <p className="text-xs text-muted">
          The value of <code className="font-mono">DURACHART_API_TOKEN</code> that the server was started with, or of{' '}
          <code className="font-mono">DURACHART_SECRETS_TOKEN</code>, which also shows what is secret. This browser gets
          a cookie for twelve hours; the token is kept nowhere.
        </p>
      </div>
    </main>
  );
}

/** Asks for the token that shows what workflows mark as secret. */
export function SecretsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Show what is secret" isOpen onClose={onClose}>
      <div className="space-y-4 p-4">
        <p className="text-sm text-muted">
          Fields that workflows mark as secret are masked. Who brings the value of{' '}
          <code className="font-mono">DURACHART_SECRETS_TOKEN</code> that the server was started with sees them, in this
          browser, for twelve hours.
        </p>
        <TokenForm label="Token that shows secrets" button="Show" needsSecrets onDone={onClose} />
      </div>
    </Dialog>
  );
}

/** The token goes to the server once, and comes back as a cookie that no script can read: it is kept nowhere here. */
function TokenForm({
  label,
  button,
  needsSecrets = false,
  onDone,
}: {
  label: string;
  button: string;
  needsSecrets?: boolean;
  onDone?: () => void;
}) {
  const client = useQueryClient();
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    try {
      const token = String(new FormData(form).get('token'));
      const session = await post<Session>('/session', { token });
      form.reset();
      if (needsSecrets && session.secrets === 'masked') throw new Error('This token does not show secrets.');
      client.setQueryData(sessionQuery.queryKey, session);
      forget(client, session);
      onDone?.();
    } catch (error) {
      setWrong((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <Form onSubmit={(event) => void submit(event)} className="space-y-4">
      <TextField
        name="token"
        type="password"
        isRequired
        autoFocus
        isInvalid={wrong !== undefined}
        onChange={() => setWrong(undefined)}
        validationBehavior="aria"
        className="flex flex-col gap-1"
      >
        <Label className="text-sm font-medium">{label}</Label>
        <Input
          autoComplete="current-password"
          className="h-9 rounded-md border border-edge bg-raised px-2.5 font-mono text-sm"
        />
        <FieldError className="text-sm text-failed">{wrong}</FieldError>
      </TextField>
      <Button type="submit" kind="solid" isDisabled={busy} className="h-9 w-full">
        {button}
      </Button>
    </Form>
  );
}

/** What one has seen is not for the next one; what is on the page is read anew by who may still see it. */
function forget(client: QueryClient, { active }: Session): void {
  const predicate = ({ queryKey }: { queryKey: readonly unknown[] }): boolean =>
    queryKey[0] !== sessionQuery.queryKey[0];
  if (active) void client.resetQueries({ predicate });
  else client.removeQueries({ predicate });
}

/** Ends the session, if there is one to end. @param everywhere those of all browsers */
export function useLogout(): ((everywhere?: boolean) => Promise<void>) | undefined {
  const client = useQueryClient();
  const { data } = useQuery(sessionQuery);
  if (data?.required !== true && data?.secrets !== 'shown') return undefined;
  return async (everywhere = false) => {
    const session = await remove<Session>(`/session${everywhere ? '?everywhere=true' : ''}`);
    client.setQueryData(sessionQuery.queryKey, session);
    forget(client, session);
  };
}

/** Whether there is anything secret, and whether it is shown here. */
export function useSecrets(): Session['secrets'] {
  return useQuery(sessionQuery).data?.secrets ?? 'none';
}
