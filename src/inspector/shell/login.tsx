import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { FieldError, Form, Input, Label, TextField } from 'react-aria-components';
import type { Session } from '../../http/types.ts';
import { OfflineError, post, remove } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { Button } from '../kit/button.tsx';
import { Brand } from './brand.tsx';

/** Shows the page to who may see it, and asks the others for the token. */
export function LoginGate({ children }: { children: ReactNode }) {
  const { data, error } = useQuery({ ...sessionQuery, retry: true, retryDelay: 1_500 });
  if (data === undefined) {
    return error instanceof OfflineError || error !== null ? <p className="p-6">The server does not answer …</p> : null;
  }
  return data.active ? children : <Login />;
}

/** The token goes to the server once, and comes back as a cookie that no script can read: it is kept nowhere here. */
function Login() {
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
      forget(client);
      client.setQueryData(sessionQuery.queryKey, session);
    } catch (error) {
      setWrong((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <Form
        onSubmit={(event) => void submit(event)}
        className="w-full max-w-sm space-y-4 rounded-xl border border-line bg-panel p-6 shadow-sm"
      >
        <h1>
          <Brand />
        </h1>
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
          <Label className="text-sm font-medium">API token</Label>
          <Input
            autoComplete="current-password"
            className="h-9 rounded-md border border-edge bg-raised px-2.5 font-mono text-sm"
          />
          <FieldError className="text-sm text-failed">{wrong}</FieldError>
        </TextField>
        <Button type="submit" kind="solid" isDisabled={busy} className="h-9 w-full">
          Log in
        </Button>
        <p className="text-xs text-muted">
          The value of <code className="font-mono">DURACHART_API_TOKEN</code> that the server was started with. This
          browser gets a cookie for twelve hours; the token is kept nowhere.
        </p>
      </Form>
    </main>
  );
}

/** What one has seen is not for the next one. */
function forget(client: QueryClient): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
}

/** Ends the session, if there is one to end. */
export function useLogout(): (() => Promise<void>) | undefined {
  const client = useQueryClient();
  const { data } = useQuery(sessionQuery);
  if (data?.required !== true) return undefined;
  return async () => {
    const session = await remove<Session>('/session');
    client.setQueryData(sessionQuery.queryKey, session);
    forget(client);
  };
}
