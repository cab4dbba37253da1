import sharp from 'sharp';
import { expect, test, vi } from 'vitest';
import { triggerDesignEngine } from '../../../machines/design-engine/index.ts';
import type { Context } from '../../../machines/design-engine/context.ts';
import { come, contextOf, useStudio } from './support.ts';

// Drawing takes seconds where other tests run beside it.
vi.setConfig({ testTimeout: 120_000 });

const studio = useStudio();
const QUOTE = { text: 'The best way out is always through.', author: 'Robert Frost' };

async function statesOf(id: string): Promise<string[]> {
  const { items } = await studio.engine.history(id, { limit: 500 });
  return items.flatMap(({ to }, index, all) => (to !== null && to !== all[index - 1]?.to ? [to] : []));
}

test('a good quote of an automatic job becomes prints, posts and mockups without a person', async () => {
  const { id } = await studio.engine.start('design-engine', {
    quoteId: 'q-auto',
    userId: 'u1',
    outputFormats: ['5x7', '5x7.jpeg', 'instagram-post'],
    generateMockups: true,
    mode: 'auto',
    quote: { ...QUOTE, style: 'sunrise' },
  });
  const output = await studio.engine.result(id, { timeout: 90_000 });
  expect(output).toMatchObject({ quoteId: 'q-auto', outcome: 'completed', pictures: 2, mockups: 4 });
  expect(await statesOf(id)).toEqual([
    'STARTED.RECEIVED',
    'STARTED.QUOTE_LOADED',
    'STARTED.MASTER_GENERATED',
    'STARTED.PRINTS_GENERATED',
    'STARTED.POSTS_GENERATED',
    'APPROVED',
    'ASSETS_STORED',
    'COMPLETED',
  ]);
  const { prints, posts, quality, decision } = await contextOf<Context>(studio.engine, id);
  expect(decision).toEqual({ verdict: 'approved', by: 'auto', note: null });
  expect(quality).toMatchObject({ good: true, problems: [] });

  // What the files say of themselves is what is in the context.
  expect(prints?.[0]?.files.map(({ type }) => type)).toEqual(['png', 'jpeg', 'pdf']);
  for (const { key, type, width, height, bytes } of [...(prints ?? []), ...(posts ?? [])].flatMap(
    (each) => each.files,
  )) {
    const file = await studio.bytes(key);
    expect(file.length).toBe(bytes);
    if (type === 'pdf') {
      expect(file.toString('latin1')).toContain('/TrimBox [9 9 369 513]');
      continue;
    }
    const facts = await sharp(file).metadata();
    expect(facts).toMatchObject({ format: type, width, height });
    if (key.includes('5x7')) expect(facts).toMatchObject({ width: 1_575, height: 2_175, density: 300 });
    else expect(facts).toMatchObject({ width: 1_080, height: 1_080 });
  }

  const assets =
    await studio.sql`select id, size, width, bleed from design_engine.assets where instance_key = ${id} order by size`;
  expect(assets).toMatchObject([
    { id: `${id}.5x7`, size: '5x7', width: 1_575, bleed: 38 },
    { id: `${id}.instagram-post`, size: 'instagram-post', width: 1_080, bleed: 0 },
  ]);
  const mockups = await studio.sql<{ key: string }[]>`select key from design_engine.mockups where quote_id = 'q-auto'`;
  expect(mockups).toHaveLength(4);
  expect(await sharp(await studio.bytes(mockups[0]?.key ?? '')).metadata()).toMatchObject({
    width: 1_600,
    height: 1_200,
  });
});

test('a person asks for changes, sees another version, and approves it', async () => {
  const { id } = await studio.engine.start('design-engine', {
    quoteId: 'q-changes',
    userId: 'u1',
    outputFormats: ['x-post'],
    quote: { ...QUOTE, style: 'swiss', colours: { paper: '#0b6e4f' } },
  });
  await come(studio.engine, id, 'AWAITING_APPROVAL.ASKED');
  const first = await contextOf<Context>(studio.engine, id);
  expect(first.master?.previews.map(({ style }) => style)).toEqual(['editorial', 'botanical', 'sunrise', 'night']);
  await studio.engine.send(id, {
    type: 'CHANGES_REQUESTED',
    changes: { style: 'night', text: 'Another way out.', textScale: 0.7 },
    by: 'ann',
  });
  await come(studio.engine, id, 'AWAITING_APPROVAL.ASKED', 2);
  const second = await contextOf<Context>(studio.engine, id);
  expect(second).toMatchObject({
    round: 2,
    design: { style: 'night', text: 'Another way out.', author: 'Robert Frost', colours: {}, textScale: 0.7 },
    decision: { verdict: 'changes', by: 'ann' },
  });
  // Both versions are kept, and they are two pictures.
  const [before, after] = await Promise.all(
    [first, second].map(({ posts }) => studio.bytes(posts?.[0]?.files[0]?.key ?? '')),
  );
  expect(before?.equals(after ?? before)).toBe(false);
  await studio.engine.send(id, { type: 'DESIGN_APPROVED', by: 'ann', note: 'lovely' });
  await studio.engine.result(id, { timeout: 90_000 });
  expect(await contextOf<Context>(studio.engine, id)).toMatchObject({
    decision: { verdict: 'approved', by: 'ann', note: 'lovely' },
  });
  const told =
    await studio.sql`select round, kind from design_engine.notifications where instance_key = ${id} order by round`;
  expect(told).toMatchObject([
    { round: 1, kind: 'approval-requested' },
    { round: 2, kind: 'approval-requested' },
  ]);
});

test('a design that is cancelled while its prints are made ends there, and becomes no asset', async () => {
  const job = await triggerDesignEngine(studio.engine, {
    quoteId: 'q-cancelled',
    userId: 'u1',
    outputFormats: ['16x20.png'],
    mode: 'auto',
    quote: QUOTE,
  });
  await come(studio.engine, job.id, 'STARTED.MASTER_GENERATED');
  await job.cancel({ by: 'ann', why: 'another quote' });
  await expect(job.result({ timeout: 90_000 })).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
  expect(await job.status()).toMatchObject({ status: 'cancelled' });
  expect(await studio.sql`select 1 from design_engine.assets where instance_key = ${job.id}`).toHaveLength(0);
});

test('a rejected design ends with the reason, and nothing of it becomes an asset', async () => {
  const { id } = await studio.engine.start('design-engine', {
    quoteId: 'q-rejected',
    userId: 'u1',
    outputFormats: ['facebook-post'],
    quote: QUOTE,
  });
  await come(studio.engine, id, 'AWAITING_APPROVAL.ASKED');
  await studio.engine.send(id, { type: 'DESIGN_REJECTED', reason: 'too quiet' });
  expect(await studio.engine.result(id, { timeout: 90_000 })).toMatchObject({ outcome: 'rejected' });
  expect(await contextOf<Context>(studio.engine, id)).toMatchObject({ decision: { note: 'too quiet' } });
  expect(await studio.sql`select 1 from design_engine.assets where instance_key = ${id}`).toHaveLength(0);
});

test('colours that cannot be read fail the quality check: an automatic job then asks a person', async () => {
  const { id } = await studio.engine.start('design-engine', {
    quoteId: 'q-pale',
    userId: 'u1',
    outputFormats: ['instagram-post'],
    mode: 'auto',
    quote: { ...QUOTE, colours: { paper: '#ffffff', ink: '#c8c8c8' } },
  });
  await come(studio.engine, id, 'AWAITING_APPROVAL.ASKED');
  const { quality } = await contextOf<Context>(studio.engine, id);
  expect(quality?.good).toBe(false);
  expect(quality?.problems).toEqual([expect.stringMatching(/^instagram-post\.jpg: contrast: .* 1\.6 : 1/)]);
});

test.each([
  ['characters that no font has', '漢字と山', 'MISSING_GLYPHS'],
  ['nothing that can be seen', '\u0007\u200b\u2066', 'INVALID_INPUT'],
  ['a text that fits no post', 'a\n'.repeat(200), 'TEXT_DOES_NOT_FIT'],
])('%s: a typed error, and a change mends it', async (_, text, code) => {
  const { id } = await studio.engine.start('design-engine', {
    quoteId: `q-${code}`,
    userId: 'u1',
    outputFormats: ['facebook-post'],
    mode: 'auto',
    quote: { text, style: 'sunrise' },
  });
  await come(studio.engine, id, 'FAILED');
  expect(await contextOf<Context>(studio.engine, id)).toMatchObject({ failure: { code } });
  const failed = (await studio.engine.steps(id)).find(({ status }) => status === 'failed');
  expect(failed).toMatchObject({ attempt: 1, error: { class: 'final' } });
  await studio.engine.send(id, { type: 'CHANGES_REQUESTED', changes: { text: 'Short.' } });
  expect(await studio.engine.result(id, { timeout: 90_000 })).toMatchObject({ outcome: 'completed' });
});

test.each([
  ['markup', '</path><script>alert(1)</script> & "quotes" <!-- ]]>'],
  ['an entity', '&xxe; <!ENTITY xxe SYSTEM "file:///etc/passwd">'],
  ['right to left with figures', 'إن مع العسر يسرا (2026)'],
  ['Hebrew and Latin', 'שלום world, שלום'],
  ['emoji of many parts', 'Stay wild 🌿 👨‍👩‍👧 ❤️ 🇫🇷'],
  ['one long word', 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'],
  ['line feeds and controls', 'One\r\ntwo\u0007\u202e\n\nthree'],
])('hostile or unusual text is set and good to read: %s', async (_, text) => {
  const { id } = await studio.engine.start('design-engine', {
    quoteId: 'q-unusual',
    userId: 'u1',
    outputFormats: ['instagram-post.png'],
    mode: 'auto',
    quote: { text, author: '<b>"Ann" & Co</b>', style: 'editorial' },
  });
  expect(await studio.engine.result(id, { timeout: 90_000 })).toMatchObject({ outcome: 'completed' });
});

test('a quote of somebody else is not found, and not overwritten', async () => {
  await studio.sql`insert into design_engine.quotes (id, user_id, text) values ('q-theirs', 'u2', 'Mine.')`;
  for (const quote of [undefined, QUOTE]) {
    const { id } = await studio.engine.start('design-engine', {
      quoteId: 'q-theirs',
      userId: 'u1',
      ...(quote === undefined ? {} : { quote }),
    });
    await come(studio.engine, id, 'FAILED');
    expect(await contextOf<Context>(studio.engine, id)).toMatchObject({ failure: { code: 'QUOTE_NOT_FOUND' } });
  }
  expect(await studio.sql`select text from design_engine.quotes where id = 'q-theirs'`).toMatchObject([
    { text: 'Mine.' },
  ]);
});

test('a stored quote is drawn in its own style and colours', async () => {
  await studio.sql`
    insert into design_engine.quotes (id, user_id, text, author, style, ink)
    values ('q-stored', 'u1', 'Begin.', null, 'botanical', '#102030')`;
  const { id } = await studio.engine.start('design-engine', {
    quoteId: 'q-stored',
    userId: 'u1',
    outputFormats: ['pinterest-pin'],
    mode: 'auto',
  });
  await studio.engine.result(id, { timeout: 90_000 });
  expect(await contextOf<Context>(studio.engine, id)).toMatchObject({
    design: { text: 'Begin.', author: null, style: 'botanical', colours: { ink: '#102030' } },
  });
});

test('unknown formats and PDFs of posts are refused when the job is sent', async () => {
  for (const format of ['poster', '9x9', 'instagram-post.pdf', '5x7.gif', 'toString']) {
    await expect(
      studio.engine.start('design-engine', { quoteId: 'q', userId: 'u', outputFormats: [format], quote: QUOTE }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  }
});
