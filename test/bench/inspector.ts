// npm run bench:inspector: how quick the page is, in a real browser. See --help.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import { buildInspector } from '../../src/build-inspector.ts';
import { createApi } from '../../src/http/api.ts';
import { serveApi } from '../../src/http/serve.ts';
import { createEngine, migrate, migrateWorkflows, type Engine } from '../../src/index.ts';
import { CHROMIUM, FLAGS } from '../inspector/support/browser.ts';
import { Cleanup } from './cleanup.ts';
import { counter, fill, LIVE, LONG, tidy } from './inspector/fill.ts';
import { coldLoad, scrolled, updates, type Scrolled } from './inspector/measure.ts';
import { openServer } from './server.ts';
import { middle, percentile } from './inspector/numbers.ts';
import { tables, type Line } from './table.ts';

const HELP = `node test/bench/inspector.ts [options]     (npm run bench:inspector -- [options])
  --instances N     in the list (10000)
  --transitions N   of the long history (5000)
  --runs N          cold loads of each page (5)
  --updates N       changes that are waited for on each page (30)
  DATABASE_URL      the Postgres to use (its user may create databases); default: the embedded one, in a temporary folder
  CHROMIUM          the browser; default: the one of the system
Exits with 1 when a figure misses its aim.`;

const say = (line: string): void => console.error(line);

/** A figure, and whether it is as it should be. */
interface Judged extends Line {
  holds: boolean;
}

function judged(what: string, value: number, unit: string, most: number, note = ''): Judged {
  return {
    what,
    figure: `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`,
    note,
    aim: `under ${most} ${unit}`,
    holds: value < most,
  };
}

function scrollLines(what: string, { frames, longest, drawn }: Scrolled): Judged[] {
  const median = 1_000 / middle(frames);
  return [
    {
      what: `${what}: frames`,
      figure: `${median.toFixed(0)} /s`,
      note: `95 % of frames within ${percentile(frames, 95).toFixed(0)} ms, ${drawn} lines drawn at most`,
      aim: 'at least 58 /s',
      holds: median >= 58,
    },
    judged(`${what}: longest task`, longest, 'ms', 200),
  ];
}

async function main(cleanup: Cleanup, options: Record<'instances' | 'transitions' | 'runs' | 'updates', number>) {
  await buildInspector(() => say('bench: building the page'));
  const postgres = await openServer(process.env['DATABASE_URL'], cleanup);
  const { url } = await postgres.createDatabase('inspector');
  await migrate(url);
  await migrateWorkflows(url, [counter]);
  const engine = createEngine({ database: url, workflows: [counter], artifacts: undefined as never });
  cleanup.add(async () => engine.stop({ grace: 0 }));
  await engine.work();
  const server = await serveApi(createApi(engine as unknown as Engine, { artifacts: undefined as never }), { port: 0 });
  cleanup.add(async () => server.close());
  await fill(engine as unknown as Engine, options, say);
  // Or Postgres does it by itself, while something is measured: until it has, nobody is told of what comes after it.
  await tidy(url);

  const launch = async (): Promise<Browser> => {
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS });
    cleanup.add(async () => browser.close());
    return browser;
  };
  const loads: Judged[] = [];
  for (const [what, place, ready] of [
    ['overview', 'overview', 'ul[aria-busy=false]'],
    ['list', 'instances', '[role=row][data-id]'],
    ['instance', `instances/${LIVE}`, 'section[aria-label="Why is it here?"]'],
  ] as const) {
    say(`bench: cold loads of the ${what}`);
    const runs = [];
    for (let run = 0; run < options.runs; run++) {
      const browser = await launch();
      runs.push(await coldLoad(browser, `${server.url}/ui/${place}`, ready));
      await browser.close();
    }
    const useful = middle(runs.map((run) => run.useful));
    loads.push(
      judged(
        `${what}: first useful paint`,
        useful,
        'ms',
        1_000,
        `first paint ${middle(runs.map(({ first }) => first)).toFixed(0)} ms`,
      ),
    );
    loads.push(
      judged(
        `${what}: first load`,
        middle(runs.map((run) => run.bytes)) / 1_000,
        'kB',
        300,
        'over the wire, without the layouter, which is a worker',
      ),
    );
  }

  const browser = await launch();
  say('bench: scrolling the list');
  const list = await scrolled(browser, `${server.url}/ui/instances`, {
    box: '[role=table]',
    line: '[role=row][data-id]',
    until: `document.querySelector('[data-shown]').dataset.shown === '${options.instances}'`,
  });
  say('bench: scrolling the history');
  const history = await scrolled(browser, `${server.url}/ui/instances/${LONG}#events`, {
    box: '[role=region][aria-label=Events]',
    line: '[role=region][aria-label=Events] li',
    until: 'true',
  });
  say('bench: waiting for changes');
  const inList = await updates(
    browser,
    engine as unknown as Engine,
    options.updates,
    `${server.url}/ui/instances?tag=live`,
    (state) => `document.querySelector('[data-id="${LIVE}"] [title^="${state} "]') !== null`,
  );
  const onPage = await updates(
    browser,
    engine as unknown as Engine,
    options.updates,
    `${server.url}/ui/instances/${LIVE}`,
    (state) => `document.querySelector('[data-state="${state}"][data-lit=true]') !== null`,
  );
  const sections: [string, Judged[]][] = [
    ['from a cold browser', loads],
    [`${options.instances.toLocaleString('en')} instances`, scrollLines('list', list)],
    [`${options.transitions.toLocaleString('en')} transitions`, scrollLines('history', history)],
    [
      'from the commit to the screen',
      [
        judged('list', percentile(inList, 95), 'ms', 300, `95 of 100; in the middle ${middle(inList).toFixed(0)} ms`),
        judged(
          'instance',
          percentile(onPage, 95),
          'ms',
          300,
          `95 of 100; in the middle ${middle(onPage).toFixed(0)} ms`,
        ),
      ],
    ],
  ];
  console.log(`Load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores, ${browser.version()}`);
  for (const line of tables(sections)) console.log(line);
  const missed = sections.flatMap(([, lines]) => lines).filter(({ holds }) => !holds);
  for (const { what } of missed) console.log(`missed: ${what}`);
  return missed.length === 0;
}

const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '10000' },
    transitions: { type: 'string', default: '5000' },
    runs: { type: 'string', default: '5' },
    updates: { type: 'string', default: '30' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  const cleanup = new Cleanup();
  cleanup.onSignals();
  try {
    const { instances, transitions, runs, updates: count } = values;
    const options = {
      instances: Number(instances),
      transitions: Number(transitions),
      runs: Number(runs),
      updates: Number(count),
    };
    if (!(await main(cleanup, options))) process.exitCode = 1;
  } finally {
    await cleanup.run();
  }
}
