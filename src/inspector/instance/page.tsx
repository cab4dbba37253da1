import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import type { Instance } from '../../http/types.ts';
import { ApiError } from '../api/client.ts';
import { workflowQuery } from '../api/queries.ts';
import { Empty } from '../kit/empty.tsx';
import { Failed } from '../kit/failed.tsx';
import { Loading } from '../kit/loading.tsx';
import { Panel } from '../kit/panel.tsx';
import { useTitle } from '../kit/title.ts';
import { ChartPanel } from './chart-panel.tsx';
import { ContextView } from './context.tsx';
import { Data } from './data.tsx';
import type { Asking } from './dialogs/operation-dialog.tsx';
import { Events } from './events.tsx';
import { Children } from './family.tsx';
import { Header } from './header.tsx';
import { History } from './history.tsx';
import './instance.css';
import { useLive } from './live.ts';
import { explanationQuery, historyQuery, instanceQuery, stepsQuery } from './queries.ts';
import { Steps } from './steps.tsx';
import { PageTabs } from './tabs.tsx';
import { Timeline } from './timeline/timeline.tsx';
import { Trail } from './trail.tsx';
import { Why } from './why.tsx';

/** What is not seen at first is loaded when it is wanted. */
const Artifacts = lazy(async () => ({ default: (await import('./artifacts.tsx')).Artifacts }));
const OperationDialog = lazy(async () => ({
  default: (await import('./dialogs/operation-dialog.tsx')).OperationDialog,
}));

/** Everything about one instance. */
export function InstancePage({ id }: { id: string }) {
  const { data: instance, error, refetch } = useQuery(instanceQuery(id));
  useTitle(instance === undefined ? id : `${instance.state} · ${id}`);
  if (instance !== undefined) return <Known instance={instance} />;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Empty title="There is no such instance">
        <p className="break-all">{id} was never started here, or it has been deleted.</p>
      </Empty>
    );
  }
  if (error !== null) return <Failed what="The instance" error={error} again={() => void refetch()} />;
  return <Loading what="the instance" />;
}

function Known({ instance }: { instance: Instance }) {
  const { id } = instance;
  const navigate = useNavigate();
  useLive(instance);
  const workflow = useQuery({ ...workflowQuery(instance.workflow), retry: false });
  const { data: explanation } = useQuery(explanationQuery(id));
  const history = useQuery(historyQuery(id));
  const { data: steps } = useQuery(stepsQuery(id));
  const [at, setAt] = useState<number>();
  const [step, setStep] = useState<string>();
  const [asking, ask] = useState<Asking>();
  const [said, say] = useState('');
  const entries = history.data?.entries ?? [];
  const legal = (explanation?.operations ?? []).map(({ operation }) => operation);
  const sequence = (at === undefined ? undefined : entries[at]?.sequence) ?? instance.sequence;
  return (
    <div className="mx-auto flex w-full max-w-[110rem] flex-col gap-3 p-3">
      <Header instance={instance} legal={legal} ask={ask} />
      <p role="status" className="sr-only">
        {said}
      </p>
      <div className="grid gap-3 lg:grid-cols-[minmax(0,1fr)_23rem]">
        {workflow.data === undefined ? (
          <Panel title="Statechart">
            <p className="p-4 text-sm text-muted">
              {workflow.error === null ? 'Loading …' : 'This server does not know the workflow, and so not its chart.'}
            </p>
          </Panel>
        ) : (
          <ChartPanel
            instance={instance}
            workflow={workflow.data}
            entries={entries}
            at={at}
            onScrub={setAt}
            legal={legal}
            ask={ask}
          />
        )}
        <div className="flex min-w-0 flex-col gap-3 max-lg:-order-1">
          {explanation === undefined ? null : <Why explanation={explanation} ask={ask} />}
          <Events instance={instance} workflow={workflow.data} />
          <Children instance={instance} />
        </div>
      </div>
      <PageTabs
        tabs={[
          {
            id: 'timeline',
            title: 'Timeline',
            content: (
              <>
                <Timeline
                  instance={instance}
                  steps={steps ?? []}
                  history={entries}
                  selected={step}
                  onSelect={(key) => setStep(key === step ? undefined : key)}
                />
                {step === undefined ? null : (
                  <div className="border-t border-line">
                    <Steps
                      instance={instance}
                      steps={steps ?? []}
                      selected={step}
                      onSelect={setStep}
                      legal={legal}
                      ask={ask}
                    />
                  </div>
                )}
              </>
            ),
          },
          {
            id: 'steps',
            title: 'Steps',
            count: steps?.length ?? 0,
            content: (
              <Steps
                instance={instance}
                steps={steps ?? []}
                selected={step}
                onSelect={setStep}
                legal={legal}
                ask={ask}
              />
            ),
          },
          {
            id: 'context',
            title: 'Context',
            content: <ContextView instance={instance} sequence={sequence} />,
          },
          {
            id: 'events',
            title: 'Events',
            count: entries.length,
            content: (
              <>
                {history.data?.isCut === true ? (
                  <p className="p-3 text-sm text-waiting">
                    It has more transitions; these are the first {entries.length}.
                  </p>
                ) : null}
                <History entries={entries} at={at} onSelect={setAt} />
              </>
            ),
          },
          {
            id: 'artifacts',
            title: 'Artifacts',
            content: (
              <Suspense fallback={<Loading what="the artifacts" />}>
                <Artifacts id={id} />
              </Suspense>
            ),
          },
          { id: 'operations', title: 'Operations', content: <Trail id={id} /> },
          { id: 'data', title: 'Input and output', content: <Data instance={instance} /> },
        ]}
      />
      {asking === undefined ? null : (
        <Suspense>
          <OperationDialog
            instance={instance}
            asking={asking}
            onClose={() => ask(undefined)}
            onDone={(operation, done) => {
              ask(undefined);
              setAt(undefined);
              say(`${operation}: ${done.operation?.status ?? 'nothing to do'}`);
              if (done.instance.id !== id) void navigate({ to: '/instances/$id', params: { id: done.instance.id } });
            }}
          />
        </Suspense>
      )}
    </div>
  );
}
