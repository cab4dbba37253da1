import { useParams } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { Loading } from '../kit/loading.tsx';

/** With the chart's layout it is the largest part of the page: loaded when it is gone to. */
const InstancePage = lazy(async () => ({ default: (await import('./page.tsx')).InstancePage }));

export function InstanceRoute() {
  const { id } = useParams({ from: '/instances/$id' });
  return (
    <Suspense fallback={<Loading what="the instance" />}>
      <InstancePage key={id} id={id} />
    </Suspense>
  );
}
