import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { InstanceRoute } from './instance/route.tsx';
import { ListPage } from './list/page.tsx';
import { readSearch } from './list/search.ts';
import { OverviewPage } from './overview/page.tsx';
import { readPeriod } from './overview/period.ts';
import { PageError } from './shell/page-error.tsx';
import { NotFound } from './shell/not-found.tsx';
import { Shell } from './shell/shell.tsx';
import { SchedulesPage } from './schedules/page.tsx';
import { WorkflowRoute } from './workflow/route.tsx';
import { WorkflowsPage } from './workflow/all.tsx';
import { readTab } from './workflow/tabs.ts';

/** Every place in the page, so that all of them can be linked to. */

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageError });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    // A thrown redirect is how the router is told.
    // oxlint-disable-next-line typescript/only-throw-error
    throw redirect({ to: '/overview' });
  },
});

const overview = createRoute({
  getParentRoute: () => root,
  path: '/overview',
  validateSearch: readPeriod,
  component: OverviewPage,
});

const list = createRoute({
  getParentRoute: () => root,
  path: '/instances',
  validateSearch: readSearch,
  component: ListPage,
});

const instance = createRoute({ getParentRoute: () => root, path: '/instances/$id', component: InstanceRoute });

const workflows = createRoute({ getParentRoute: () => root, path: '/workflows', component: WorkflowsPage });

const schedules = createRoute({ getParentRoute: () => root, path: '/schedules', component: SchedulesPage });

const workflow = createRoute({
  getParentRoute: () => root,
  path: '/workflows/$name',
  validateSearch: readTab,
  component: WorkflowRoute,
});

export const router = createRouter({
  routeTree: root.addChildren([home, overview, list, instance, workflows, workflow, schedules]),
  basepath: '/ui',
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
