import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import { triggerMockupGenerator } from '../../../machines/mockup-generator/index.ts';
import { apply, inverse, squareTo } from '../../../machines/mockup-generator/picture/homography.ts';
import { scenes } from '../../../machines/mockup-generator/scenes/index.ts';
import { come, contextOf, useStudio } from '../design-engine/support.ts';

// Drawing takes seconds where other tests run beside it.
vi.setConfig({ testTimeout: 120_000 });

const studio = useStudio();
/** Four coloured quarters, with a magenta bleed that must never be seen. */
const BLEED = 20;
const QUARTERS = { nw: [200, 40, 40], ne: [40, 160, 60], sw: [40, 80, 200], se: [230, 200, 40] } as const;

async function asset(id: string, width: number, height: number): Promise<void> {
  const part = (rgb: readonly number[]) => ({
    create: {
      width: width / 2,
      height: height / 2,
      channels: 3 as const,
      background: { r: rgb[0] ?? 0, g: rgb[1] ?? 0, b: rgb[2] ?? 0 },
    },
  });
  const bytes = await sharp({
    create: { width: width + 2 * BLEED, height: height + 2 * BLEED, channels: 3, background: '#ff00ff' },
  })
    .composite([
      { input: part(QUARTERS.nw), left: BLEED, top: BLEED },
      { input: part(QUARTERS.ne), left: BLEED + width / 2, top: BLEED },
      { input: part(QUARTERS.sw), left: BLEED, top: BLEED + height / 2 },
      { input: part(QUARTERS.se), left: BLEED + width / 2, top: BLEED + height / 2 },
    ])
    .png()
    .toBuffer();
  const { key } = await studio.artifacts.put(`assets/${id}.png`, bytes);
  await studio.sql`
    insert into design_engine.assets (id, quote_id, user_id, instance_key, kind, size, key, width, height, bleed)
    values (${id}, 'q', 'u1', 'i', 'print', 'test', ${key}, ${width + 2 * BLEED}, ${height + 2 * BLEED}, ${BLEED})`;
}

beforeAll(async () => {
  await asset('portrait', 600, 840);
  await asset('square', 500, 500);
});

test('every asset comes into every scene: the picture lies where the scene says, its right way up, without its bleed', async () => {
  const job = await triggerMockupGenerator(studio.engine, {
    quoteId: 'q',
    userId: 'u1',
    assetIds: ['portrait', 'portrait'],
    scenes: ['living-room', 'shelf', 'gallery', 'table', 'table'],
  });
  const output = await job.result({ timeout: 90_000 });
  expect(output).toMatchObject({ delivered: 4, failed: 0, faults: [] });
  for (const key of output.keys) {
    const scene = scenes.get(/([a-z-]+)\.jpg$/.exec(key)?.[1] ?? '');
    const { quad } = scene?.stage(600 / 840) ?? { quad: undefined };
    if (quad === undefined) throw new Error(`no scene for ${key}`);
    const { data, info } = await sharp(await studio.bytes(key))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const map = squareTo(quad);
    for (const [name, u, v] of [
      ['nw', 0.3, 0.3],
      ['ne', 0.7, 0.3],
      ['sw', 0.3, 0.7],
      ['se', 0.7, 0.7],
    ] as const) {
      const [x, y] = apply(map, u, v).map(Math.round) as [number, number];
      const at = (y * info.width + x) * 3;
      // Light and shadow change a colour, but not into another one's.
      expect(nearest([data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]), `${key} ${name}`).toBe(name);
    }
    let magenta = 0;
    for (let at = 0; at < data.length; at += 3) {
      if ((data[at] ?? 0) > 200 && (data[at + 1] ?? 0) < 70 && (data[at + 2] ?? 0) > 200) magenta++;
    }
    expect(magenta, key).toBe(0);
  }
});

function nearest(rgb: readonly number[]): string {
  const distance = (other: readonly number[]): number =>
    Math.hypot(...other.map((part, index) => part - (rgb[index] ?? 0)));
  return Object.entries(QUARTERS).toSorted(([, a], [, b]) => distance(a) - distance(b))[0]?.[0] ?? '';
}

test('a scene that there is not and a file that is no picture are reported; the others are delivered', async () => {
  const { key } = await studio.artifacts.put('assets/broken.png', 'this is no picture');
  await studio.sql`
    insert into design_engine.assets (id, quote_id, user_id, instance_key, kind, size, key, width, height)
    values ('text', 'q', 'u1', 'i', 'print', 'test', ${key}, 1, 1)`;
  const job = await triggerMockupGenerator(studio.engine, {
    quoteId: 'q',
    userId: 'u1',
    assetIds: ['square', 'text'],
    scenes: ['shelf', 'moon'],
  });
  const output = await job.result({ timeout: 90_000 });
  expect(output).toMatchObject({ delivered: 1, failed: 3 });
  expect(output.faults.map(({ assetId, scene, code }) => `${assetId} ${scene} ${code}`)).toEqual([
    'square moon SCENE_UNKNOWN',
    'text shelf UNREADABLE_PICTURE',
    'text moon SCENE_UNKNOWN',
  ]);
  expect(await studio.sql`select scene from design_engine.mockups where instance_key = ${job.id}`).toMatchObject([
    { scene: 'shelf' },
  ]);
});

test.each([
  ['one of another user', { userId: 'u2', assetIds: ['square'] }],
  ['one of another quote', { quoteId: 'q2', assetIds: ['square'] }],
  ['one that there is not', { assetIds: ['square', 'nothing'] }],
])('an asset that is not the user’s own fails the job: %s', async (_, other) => {
  const { id } = await studio.engine.start('mockup-generator', {
    quoteId: 'q',
    userId: 'u1',
    scenes: ['shelf'],
    ...other,
  });
  await come(studio.engine, id, 'FAILED');
  expect(await contextOf(studio.engine, id)).toMatchObject({ failure: { code: 'ASSET_NOT_FOUND' } });
});

test('where nothing can be made the job fails, and says why', async () => {
  const { id } = await studio.engine.start('mockup-generator', {
    quoteId: 'q',
    userId: 'u1',
    assetIds: ['square'],
    scenes: ['moon', 'mars'],
  });
  await come(studio.engine, id, 'FAILED');
  expect(await contextOf(studio.engine, id)).toMatchObject({ failed: 2, failure: { code: 'SCENE_UNKNOWN' } });
});

test('a projective map takes the corners of the unit square to a quadrilateral and back', () => {
  const quad = [
    [120, 80],
    [900, 140],
    [860, 700],
    [60, 610],
  ] as const;
  const map = squareTo(quad);
  const corners = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ] as const;
  for (const [index, [u, v]] of corners.entries()) {
    const [x, y] = apply(map, u, v);
    expect(x).toBeCloseTo(quad[index]?.[0] ?? 0, 6);
    expect(y).toBeCloseTo(quad[index]?.[1] ?? 0, 6);
    const [backU, backV] = apply(inverse(map), x, y);
    expect([backU, backV].map((value) => Math.round(value * 1e6) / 1e6 + 0)).toEqual([u, v]);
  }
  expect(() =>
    squareTo([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
  ).toThrow('must not lie on a line');
});
