import { QueryClient } from '@tanstack/react-query';
import { ApiError, whenUnauthorized } from './client.ts';
import { whenLost } from './live.ts';
import { readyQuery, sessionQuery } from './queries.ts';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The server is on this machine as often as not: that there is no network says nothing.
      networkMode: 'always',
      staleTime: 2_000,
      // The server said no: asking again changes nothing. What is away is asked again, and its return noticed.
      retry: (count, error) => !(error instanceof ApiError && error.status < 500) && count < 2,
      retryDelay: 1_000,
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: 'always' },
  },
});

whenLost(() => void queryClient.invalidateQueries({ queryKey: readyQuery.queryKey }));

whenUnauthorized(() => {
  queryClient.setQueryData(sessionQuery.queryKey, (known) => ({
    required: true,
    active: false,
    secrets: known?.secrets ?? 'masked',
  }));
});
