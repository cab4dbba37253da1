import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEngine } from '../../../src/create-engine.ts';
import type { ArtifactStore } from '../../../src/index.ts';
import { startEmbedded } from '../../../src/store/embedded.ts';
import { LEDGERS, ordersWorkflow } from '../orders.ts';
import { proveOrders } from '../orders-proof.ts';
import { EmbeddedProcess, watchPostmasters } from './processes.ts';

let root: string;
let dataDir: string;
let processes: EmbeddedProcess[];
let postmasters: ReturnType<typeof watchPostmasters>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'durachart-takeover-'));
  chmodSync(root, 0o755);
  dataDir = join(root, 'data');
  processes = [];
  postmasters = watchPostmasters(join(dataDir, 'pgdata'));
});
afterEach(async () => {
  for (const each of processes) await each.end('SIGKILL');
  for (const pid of postmasters.now()) process.kill(pid, 'SIGKILL');
  postmasters.stop();
  rmSync(root, { recursive: true, force: true });
});

async function start(work = true): Promise<EmbeddedProcess> {
  const started = await EmbeddedProcess.start(dataDir, work);
  processes.push(started);
  return started;
}

function kill(pid: number | undefined): void {
  if (pid === undefined) throw new Error('There is no process to kill.');
  process.kill(pid, 'SIGKILL');
}

test('the server goes on whoever is killed or stopped, and so do the instances', { timeout: 300_000 }, async () => {
  const first = await start();
  expect(first.state).toMatchObject({ owned: true });
  const url = first.state?.url ?? '';
  const sql = postgres(url, { max: 2, onnotice: () => {}, backoff: () => 0.1 });
  await sql.unsafe(LEDGERS);
  const client = createEngine({
    database: url,
    workflows: [ordersWorkflow(sql)],
    artifacts: undefined as unknown as ArtifactStore,
    onFault: () => {},
  });
  const second = await start();
  expect(second.state).toMatchObject({ owned: false, url });

  // Somebody keeps starting instances, and tries again where he is refused.
  const ids: string[] = [];
  let over = false;
  const starting = (async () => {
    while (!over) {
      const id = `order-${ids.length}`;
      for (;;) {
        try {
          await client.start('orders', undefined, { id });
          break;
        } catch (error) {
          if ((error as { code?: string }).code !== 'DATABASE_UNAVAILABLE') throw error;
          await sleep(20);
        }
      }
      ids.push(id);
      await sleep(10);
    }
  })();
  const goesOn = async (): Promise<void> => {
    const before = ids.length;
    await expect.poll(() => ids.length, { timeout: 60_000 }).toBeGreaterThan(before + 10);
    const id = ids.at(-1) ?? '';
    await expect
      .poll(async () => client.result(id, { timeout: 5_000 }).then(() => 'done', String), { timeout: 60_000 })
      .toBe('done');
  };
  try {
    await goesOn();

    const killed = first.state?.pid ?? 0;
    kill(killed);
    await expect.poll(() => first.state?.pid, { timeout: 60_000 }).not.toBe(killed);
    await first.becomes({ owned: true });
    await second.becomes({ owned: false, pid: first.state?.pid ?? 0 });
    expect(first.log.join()).toMatch(/has ended\. It is started again.*runs again, after \d+ ms/);
    await goesOn();

    const pid = first.state?.pid ?? 0;
    await first.end('SIGKILL');
    await second.becomes({ owned: true, pid });
    expect(second.log.join()).toContain('this one looks after it now');
    await goesOn();

    const third = await start();
    await second.end('SIGTERM');
    await third.becomes({ owned: true });
    expect(third.state?.pid).not.toBe(pid);
    await goesOn();

    const fourth = await start();
    const both = third.state?.pid;
    const ended = third.end('SIGKILL');
    kill(both);
    await ended;
    await fourth.becomes({ owned: true });
    expect(fourth.state?.pid).not.toBe(both);
    await goesOn();
    over = true;
    await starting;

    for (const id of ids) await client.result(id, { timeout: 60_000 });
    await proveOrders(sql, ids, 4);
    expect(new Set(processes.map(({ state }) => state?.url))).toEqual(new Set([url]));
    expect(postmasters.most()).toBe(1);

    await fourth.end('SIGTERM');
    expect(postmasters.now()).toEqual([]);
  } finally {
    over = true;
    await starting.catch(() => undefined);
    await client.stop({ grace: 0 });
    await sql.end({ timeout: 1 });
  }
});

test('of many that have joined, one takes over, and there are never two servers', { timeout: 300_000 }, async () => {
  let owner = await start(false);
  let joined: EmbeddedProcess[] = await Promise.all([start(false), start(false), start(false)]);
  for (let round = 0; round < 4; round++) {
    const pid = owner.state?.pid;
    // Each second time the server outlives its owner.
    if (round % 2 === 0) kill(pid);
    await owner.end('SIGKILL');
    const taken = (): boolean[] => joined.map(({ state }) => state?.owned === true && !state.down);
    await expect.poll(() => taken().filter(Boolean).length, { timeout: 60_000, interval: 20 }).toBe(1);
    const next = joined[taken().indexOf(true)] as EmbeddedProcess;
    for (const other of joined) if (other !== next) await other.becomes({ owned: false, pid: next.state?.pid ?? 0 });
    expect(next.state?.pid === pid).toBe(round % 2 === 1);
    joined = [...joined.filter((other) => other !== next), await start(false)];
    owner = next;
  }
  expect(postmasters.most()).toBe(1);
});

test(
  'the server of a process that stands still is started by another one, which keeps it',
  { timeout: 180_000 },
  async () => {
    const owner = await start(false);
    const other = await start(false);
    const pid = owner.state?.pid;
    owner.child.kill('SIGSTOP');
    kill(pid);
    await expect.poll(() => other.state, { timeout: 60_000 }).toMatchObject({ owned: true, down: false });
    expect(other.state?.pid).not.toBe(pid);
    owner.child.kill('SIGCONT');
    await owner.becomes({ owned: false, pid: other.state?.pid ?? 0 });
    expect(postmasters.most()).toBe(1);
  },
);

test('what is to be stopped is not started again', { timeout: 120_000 }, async () => {
  const server = await startEmbedded({ dataDir });
  kill(server.pid);
  await server.stop();
  const again = await startEmbedded({ dataDir });
  await again.stop();
  // Longer than anybody waits before he looks.
  await sleep(1_000);
  expect(postmasters.now()).toEqual([]);
  expect(postmasters.most()).toBe(1);
});
