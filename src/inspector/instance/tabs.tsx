import { useLocation, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';

/** Parts of the page of which one is shown; which one stands in the address. */
export function PageTabs({
  tabs,
}: {
  tabs: readonly { id: string; title: string; count?: number; content: ReactNode }[];
}) {
  const hash = useLocation({ select: (location) => location.hash });
  const navigate = useNavigate();
  const known = tabs.find(({ id }) => id === hash) ?? tabs[0];
  return (
    <Tabs
      selectedKey={known?.id ?? 'timeline'}
      onSelectionChange={(key) =>
        void navigate({ to: '.', hash: String(key), replace: true, resetScroll: false, hashScrollIntoView: false })
      }
      className="rounded-lg border border-line bg-panel"
    >
      <TabList aria-label="About the instance" className="flex gap-1 overflow-x-auto border-b border-line px-2">
        {tabs.map(({ id, title, count }) => (
          <Tab
            key={id}
            id={id}
            className="-mb-px flex items-center gap-1.5 border-b-2 border-transparent px-2 py-2 text-sm font-medium whitespace-nowrap text-muted -outline-offset-2 hover:text-ink selected:border-accent selected:text-ink"
          >
            {title}
            {count === undefined || count === 0 ? null : <span className="tabular text-2xs text-muted">{count}</span>}
          </Tab>
        ))}
      </TabList>
      {tabs.map(({ id, content }) => (
        <TabPanel key={id} id={id} className="-outline-offset-2">
          {content}
        </TabPanel>
      ))}
    </Tabs>
  );
}
