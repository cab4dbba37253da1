import { expect, test, vi } from 'vitest';
import type { Context } from '../../../machines/design-engine/context.ts';
import { come, contextOf, useStudio } from './support.ts';

// Drawing takes seconds where other tests run beside it.
vi.setConfig({ testTimeout: 120_000 });

const studio = useStudio();

test.each(['STARTED.QUOTE_LOADED', 'STARTED.MASTER_GENERATED', 'STARTED.POSTS_GENERATED', 'APPROVED'])(
  'a worker that is gone after %s: another goes on, and every picture is there once',
  async (state) => {
    const first = studio.open();
    await studio.engine.stop({ grace: 0 });
    await first.work();
    const { id } = await first.start('design-engine', {
      quoteId: `q-crash-${state}`,
      userId: 'u1',
      outputFormats: ['5x7.png', 'facebook-post'],
      mode: 'auto',
      quote: { text: 'Rise again.', author: 'Anon' },
    });
    await come(first, id, state);
    await first.stop({ grace: 0 });
    const second = studio.open();
    await second.work();
    try {
      expect(await second.result(id, { timeout: 90_000 })).toMatchObject({ outcome: 'completed', pictures: 2 });
      const { prints, posts, quality } = await contextOf<Context>(second, id);
      expect(quality).toMatchObject({ good: true });
      const keys = [...(prints ?? []), ...(posts ?? [])].flatMap(({ files }) => files.map(({ key }) => key));
      const stored = (await studio.artifacts.list(`${id}/`)).map(({ key }) => key);
      expect(stored.filter((key) => /\/(print|social)\//.test(key)).toSorted()).toEqual(keys.toSorted());
      expect(await studio.sql`select id from design_engine.assets where instance_key = ${id}`).toHaveLength(2);
    } finally {
      await second.stop({ grace: 0 });
    }
  },
);
