import { expect, test } from 'vitest';
import { ServerClock } from '../../src/store/server-clock.ts';

/** A host and a server whose clocks the test moves; an answer is under way for `there` milliseconds, and as long back. */
function clocks({ wrong = 0 } = {}) {
  const time = { passed: 0, wall: 1_000_000 + wrong, server: 1_000_000 };
  const pass = (milliseconds: number): void => {
    time.passed += milliseconds;
    time.wall += milliseconds;
    time.server += milliseconds;
  };
  let asked = 0;
  const way = { there: 2, back: 2 };
  let fails = false;
  const clock = new ServerClock(
    async () => {
      asked++;
      pass(way.there);
      const { server } = time;
      pass(way.back);
      if (fails) throw new Error('away');
      return server;
    },
    { steady: () => time.passed, wall: () => time.wall },
  );
  /** Has the clock ask the server, as it does by itself when the time is wanted. */
  const wanted = async (): Promise<number> => {
    clock.now();
    await new Promise(setImmediate);
    return clock.now();
  };
  return { clock, time, way, pass, wanted, asked: () => asked, fail: (how: boolean) => (fails = how) };
}

test('a host whose clock is wrong has the time of the server', async () => {
  for (const wrong of [-60_000, 10_000]) {
    const { clock, time } = clocks({ wrong });
    await clock.ready();
    expect(clock.now()).toBe(time.server);
  }
});

test('until the server answers it has the time of the host, and it is asked again later', async () => {
  const { clock, time, wanted, fail, pass, asked } = clocks({ wrong: 10_000 });
  fail(true);
  await clock.ready();
  expect(clock.now()).toBe(time.wall);
  fail(false);
  pass(30_000);
  expect(await wanted()).toBe(time.server);
  expect(asked()).toBe(2);
});

test('a host whose clock is set, or that slept, is told of it by the server', async () => {
  const { clock, time, wanted } = clocks();
  await clock.ready();
  time.wall += 3_600_000;
  expect(await wanted()).toBe(time.server);
  // Its steady clock stood still.
  time.wall += 60_000;
  time.server += 60_000;
  expect(await wanted()).toBe(time.server);
});

test('an answer that took long says less than the one before; a correction does not turn the time back', async () => {
  const { clock, time, way, pass, wanted } = clocks();
  await clock.ready();
  pass(30_000);
  Object.assign(way, { there: 1, back: 4_000 });
  expect(await wanted()).toBe(time.server);
  Object.assign(way, { there: 2, back: 2 });
  const before = clock.now();
  time.server -= 500;
  pass(30_000);
  expect(await wanted()).toBeGreaterThanOrEqual(before);
  pass(1_000);
  expect(clock.now()).toBe(time.server);
});

test('a server whose clock is set back by far takes the time with it', async () => {
  const { clock, time, pass, wanted } = clocks();
  await clock.ready();
  clock.now();
  time.server -= 3_600_000;
  pass(30_000);
  expect(await wanted()).toBe(time.server);
});
