import { useParams } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { Loading } from '../kit/loading.tsx';

/** Loaded when it is gone to: the chart's layout and the form are most of the page. */
const WorkflowPage = lazy(async () => ({ default: (await import('./page.tsx')).WorkflowPage }));

export function WorkflowRoute() {
  const { name } = useParams({ from: '/workflows/$name' });
  return (
    <Suspense fallback={<Loading what="the workflow" />}>
      <WorkflowPage key={name} name={name} />
    </Suspense>
  );
}
