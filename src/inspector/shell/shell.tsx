import { Link, Outlet, useNavigate, useRouter, type LinkProps } from '@tanstack/react-router';
import {
  Activity,
  CalendarClock,
  CircleHelp,
  Eye,
  EyeOff,
  ListTree,
  LogOut,
  Monitor,
  Moon,
  Search,
  Sun,
  Workflow,
} from 'lucide-react';
import { useState, type ComponentType } from 'react';
import { TooltipTrigger } from 'react-aria-components';
import { Button } from '../kit/button.tsx';
import { COMMAND, Keys } from '../kit/keys.tsx';
import { Tip } from '../kit/tip.tsx';
import { Banner } from './banner.tsx';
import { Brand } from './brand.tsx';
import { Help } from './help.tsx';
import { SecretsDialog, useLogout, useSecrets } from './login.tsx';
import { Palette } from './palette.tsx';
import { Pulse } from './pulse.tsx';
import { useShortcut, useShortcutListener } from './shortcuts.ts';
import { setTheme, useTheme, type Theme } from './theme.ts';

/** What stands around every page. */
export function Shell() {
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const router = useRouter();
  const logout = useLogout();
  const secrets = useSecrets();
  const [asksForSecrets, askForSecrets] = useState(false);
  useShortcutListener(() => setPalette(true));
  useShortcut('g o', 'Overview', 'Go to', () => void navigate({ to: '/overview' }));
  useShortcut('g i', 'Instances', 'Go to', () => void navigate({ to: '/instances', search: {} }));
  useShortcut('g w', 'Workflows', 'Go to', () => void navigate({ to: '/workflows' }));
  useShortcut('g s', 'Schedules and events', 'Go to', () => void navigate({ to: '/schedules' }));
  useShortcut('?', 'These keys', 'Everywhere', () => setHelp(true));
  useShortcut(`${COMMAND} K`, 'Go to or do anything', 'Everywhere', () => setPalette(true));
  useShortcut('/', 'Search', 'Everywhere', () => {
    void (async () => {
      if (!focusSearch()) await navigate({ to: '/instances', search: {} });
      requestAnimationFrame(focusSearch);
    })();
  });
  const extra = [
    { id: 'help', text: 'Show the keys', hint: '?', run: () => setHelp(true) },
    { id: 'reload', text: 'Read everything again', run: () => void router.invalidate() },
    ...(secrets === 'masked' ? [{ id: 'secrets', text: 'Show what is secret', run: () => askForSecrets(true) }] : []),
    ...(logout === undefined
      ? []
      : [
          { id: 'logout', text: 'Log out', run: () => void logout() },
          { id: 'logout everywhere', text: 'Log out everywhere', hint: 'all browsers', run: () => void logout(true) },
        ]),
  ];
  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-panel focus:px-3 focus:py-1.5"
      >
        Skip to the content
      </a>
      <header className="flex h-12 shrink-0 items-center gap-1 border-b border-line bg-panel px-3 sm:px-4">
        <Link to="/overview" className="mr-1 flex rounded-md sm:mr-4" aria-label="Durachart, overview">
          <Brand compact />
        </Link>
        <nav aria-label="Main" className="flex items-center gap-0.5">
          <Place to="/overview" icon={Activity} text="Overview" />
          <Place to="/instances" icon={ListTree} text="Instances" />
          <Place to="/workflows" icon={Workflow} text="Workflows" />
          <Place to="/schedules" icon={CalendarClock} text="Schedules" />
        </nav>
        <div className="flex-1" />
        <Pulse />
        <Button kind="plain" onPress={() => setPalette(true)} className="text-muted max-sm:hidden">
          <Search className="size-3.5" aria-hidden />
          <span className="sr-only">Go to or do anything</span> <Keys keys={`${COMMAND} K`} />
        </Button>
        <ThemeButton />
        <TooltipTrigger delay={400}>
          <Button kind="quiet" aria-label="Keys" onPress={() => setHelp(true)} className="w-8 px-0! max-sm:hidden">
            <CircleHelp className="size-4" aria-hidden />
          </Button>
          <Tip>Keys of this page</Tip>
        </TooltipTrigger>
        {secrets !== 'none' && (
          <TooltipTrigger delay={400}>
            <Button
              kind="quiet"
              aria-label={secrets === 'masked' ? 'Show what is secret' : 'Hide what is secret'}
              onPress={() => (secrets === 'masked' ? askForSecrets(true) : void logout?.())}
              className="w-8 px-0!"
            >
              {secrets === 'masked' ? (
                <EyeOff className="size-4" aria-hidden />
              ) : (
                <Eye className="size-4 text-waiting" aria-hidden />
              )}
            </Button>
            <Tip>{secrets === 'masked' ? 'What is secret is masked' : 'What is secret is shown'}</Tip>
          </TooltipTrigger>
        )}
        {logout !== undefined && (
          <TooltipTrigger delay={400}>
            <Button kind="quiet" aria-label="Log out" onPress={() => void logout()} className="w-8 px-0!">
              <LogOut className="size-4" aria-hidden />
            </Button>
            <Tip>Log out</Tip>
          </TooltipTrigger>
        )}
      </header>
      <Banner />
      <main id="main" tabIndex={-1} className="flex min-h-0 flex-1 flex-col overflow-auto outline-none">
        <Outlet />
      </main>
      <Palette isOpen={palette} onChange={setPalette} extra={extra} />
      {asksForSecrets && <SecretsDialog onClose={() => askForSecrets(false)} />}
      <Help isOpen={help} onChange={setHelp} />
    </div>
  );
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('[data-search] input, input[data-search]');
  field?.focus();
  field?.select();
  return field !== null;
}

function Place({
  to,
  icon: Icon,
  text,
}: {
  to: LinkProps['to'];
  icon: ComponentType<{ className: string }>;
  text: string;
}) {
  return (
    <Link
      to={to}
      activeOptions={{ exact: false, includeSearch: false }}
      className="inline-flex h-8 items-center gap-1.5 rounded-md px-2 text-sm font-medium text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:text-ink sm:px-2.5"
    >
      <Icon className="size-4" />
      <span className="max-sm:sr-only">{text}</span>
    </Link>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS = { system: Monitor, light: Sun, dark: Moon };
const NAMES: Readonly<Record<Theme, string>> = { system: 'as the system has it', light: 'light', dark: 'dark' };

function ThemeButton() {
  const theme = useTheme();
  const Icon = ICONS[theme];
  return (
    <TooltipTrigger delay={400}>
      <Button
        kind="quiet"
        aria-label={`Colours: ${NAMES[theme]}`}
        onPress={() => setTheme(NEXT[theme])}
        className="w-8 px-0!"
      >
        <Icon className="size-4" aria-hidden />
      </Button>
      <Tip>Colours: {NAMES[theme]}</Tip>
    </TooltipTrigger>
  );
}
