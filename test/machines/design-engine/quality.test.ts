import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { drawDesign, type Design } from '../../../machines/design-engine/design.ts';
import { toPdf } from '../../../machines/design-engine/drawing/pdf.ts';
import { rasterise } from '../../../machines/design-engine/drawing/raster.ts';
import { toSvg } from '../../../machines/design-engine/drawing/svg.ts';
import { checkFile, GOOD_SCORE, type FileQuality } from '../../../machines/design-engine/quality/check.ts';
import { pixelsOf, pointsOf, SIZES, type FileType, type SizeName } from '../../../machines/design-engine/sizes.ts';
import { STYLES } from '../../../machines/design-engine/styles/index.ts';

const design: Design = {
  text: 'We can do anything we want to if we stick to it long enough.',
  author: 'Helen Keller',
  style: 'editorial',
  colours: {},
  textScale: 1,
};

async function draw(of: Design, size: SizeName, type: 'png' | 'jpeg' = 'png'): Promise<Buffer> {
  const { width, height, dpi } = pixelsOf(size);
  return (await rasterise(toSvg(drawDesign(of, size), width, height), type, dpi)).bytes;
}

function failures({ checks }: FileQuality): string[] {
  return checks.filter(({ passed }) => !passed).map(({ check }) => check);
}

const check = (file: Buffer, size: SizeName, of = design, type: FileType = 'png') =>
  checkFile(file, 'key', type, size, of);

test.each(STYLES)('the style %s passes, as print and as post', async (style) => {
  const styled = { ...design, style };
  for (const [size, type] of [
    ['5x7', 'png'],
    ['instagram-story', 'jpeg'],
    ['facebook-post', 'jpeg'],
  ] as const) {
    const found = await check(await draw(styled, size, type), size, styled, type);
    expect(failures(found), JSON.stringify(found)).toEqual([]);
    expect(found.score).toBeGreaterThanOrEqual(GOOD_SCORE);
  }
});

let post: Buffer;
beforeAll(async () => {
  post = await draw(design, 'instagram-post');
});

async function withoutLetters(): Promise<Buffer> {
  const { width, height } = pixelsOf('instagram-post');
  return (await rasterise(toSvg(drawDesign(design, 'instagram-post'), width, height, 'ground'), 'png', null)).bytes;
}

const cover = { create: { width: 800, height: 250, channels: 3 as const, background: '#f7f1e5' } };

test.each<[string, string[], () => Promise<Buffer>]>([
  ['another size', ['size'], () => sharp(post).resize(1_000, 1_000).png().toBuffer()],
  ['no letters', ['contrast', 'safe-area', 'whole'], withoutLetters],
  [
    'letters that run over the edge',
    ['safe-area', 'whole'],
    () =>
      sharp(post)
        .extract({ left: 170, top: 0, width: 910, height: 1_080 })
        .extend({ right: 170, background: '#f7f1e5' })
        .png()
        .toBuffer(),
  ],
  [
    'half of the letters gone',
    ['whole'],
    () =>
      sharp(post)
        .composite([{ input: cover, left: 140, top: 300 }])
        .png()
        .toBuffer(),
  ],
  ['a blur', ['whole'], () => sharp(post).blur(14).png().toBuffer()],
  ['a veil over all', ['contrast', 'whole'], () => sharp(post).linear(0.3, 178).png().toBuffer()],
])('a bad picture fails: %s', async (_, expected, make) => {
  const found = await check(await make(), 'instagram-post');
  expect(failures(found)).toEqual(expect.arrayContaining(expected));
  expect(found.score).toBeLessThan(50);
});

test.each<[string, Buffer | (() => Buffer)]>([
  ['no picture', Buffer.from('no picture')],
  ['nothing', Buffer.alloc(0)],
  ['a file that was cut off', () => post.subarray(0, post.length / 2)],
])('what cannot be read fails and does not throw: %s', async (_, file) => {
  const found = await check(typeof file === 'function' ? file() : file, 'instagram-post');
  expect(found).toMatchObject({ score: 0, checks: [{ check: 'readable', passed: false }] });
});

test('a print without its dots an inch, or with another bleed, fails', async () => {
  const print = await draw(design, '5x7');
  expect(failures(await check(print, '5x7'))).toEqual([]);
  expect(failures(await check(await sharp(print).withMetadata({ density: 72 }).png().toBuffer(), '5x7'))).toEqual([
    'size',
  ]);
  const page = pointsOf(SIZES['5x7']);
  const pdf = await toPdf(drawDesign(design, '5x7'), page, 'A title');
  expect(failures(await check(pdf, '5x7', design, 'pdf'))).toEqual([]);
  const bare = await toPdf(drawDesign(design, '5x7'), { ...page, bleed: 0 }, 'A title');
  expect(failures(await check(bare, '5x7', design, 'pdf'))).toEqual(['size']);
  expect(failures(await check(pdf.subarray(0, 2_000), '5x7', design, 'pdf'))).toEqual(['readable']);
});

test.each([
  ['#767676', 4.5, true],
  ['#7c7c7c', 4.1, false],
])('contrast is measured as WCAG counts it: %s on white is %f : 1', async (ink, ratio, passed) => {
  const pale = { ...design, author: null, colours: { paper: '#ffffff', ink } };
  const { checks } = await check(await draw(pale, 'instagram-post'), 'instagram-post', pale);
  const contrast = checks.find((each) => each.check === 'contrast');
  expect(contrast).toMatchObject({ passed });
  expect(contrast?.detail).toContain(`${ratio} : 1`);
});

test('the largest print has all its pixels, and is measured without a picture of its size in memory', async () => {
  const file = await draw({ ...design, style: 'night' }, '18x24');
  expect(await sharp(file).metadata()).toMatchObject({ width: 5_475, height: 7_275, density: 300 });
  const found = await check(file, '18x24', { ...design, style: 'night' });
  expect(failures(found)).toEqual([]);
});
