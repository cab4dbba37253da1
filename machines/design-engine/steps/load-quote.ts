import { z } from 'zod';
import { defineStep, StepError } from '../../../src/index.ts';
import { coloursSchema, designSchema, styleSchema } from '../design.ts';
import { inputSchema } from '../input.ts';
import { STEP } from './options.ts';

interface Row {
  text: string;
  author: string | null;
  style: string | null;
  paper: string | null;
  ink: string | null;
  accent: string | null;
}

/** Stores the quote that was given, if there is one, and reads what the design is made of. */
export const loadQuote = defineStep({
  input: z.object({ quoteId: z.string(), userId: z.string(), quote: inputSchema.shape.quote }),
  output: designSchema,
  ...STEP,
  timeout: 30_000,
  transactional: true,
  run: async ({ input: { quoteId, userId, quote }, tx }) => {
    if (quote !== undefined) {
      const { paper = null, ink = null, accent = null } = quote.colours ?? {};
      await tx`
        insert into design_engine.quotes as mine (id, user_id, text, author, style, paper, ink, accent)
        values (${quoteId}, ${userId}, ${quote.text}, ${quote.author ?? null}, ${quote.style ?? null}, ${paper}, ${ink}, ${accent})
        on conflict (id) do update set
          text = excluded.text, author = excluded.author, style = excluded.style,
          paper = excluded.paper, ink = excluded.ink, accent = excluded.accent
        where mine.user_id = excluded.user_id`;
    }
    // The same answer for a foreign quote as for none: nobody learns which ids there are.
    const [row] = await tx<Row>`
      select text, author, style, paper, ink, accent from design_engine.quotes where id = ${quoteId} and user_id = ${userId}`;
    if (row === undefined) {
      throw new StepError(
        'QUOTE_NOT_FOUND',
        `User ${userId} has no quote ${quoteId}. Insert it into design_engine.quotes, or give it with the job as "quote".`,
        { details: { quoteId, userId } },
      );
    }
    const { text, author, style, ...colours } = row;
    const given = Object.fromEntries(Object.entries(colours).filter(([, colour]) => colour !== null));
    const design = z
      .object({ style: styleSchema, colours: coloursSchema })
      .safeParse({ style: style ?? 'editorial', colours: given });
    if (!design.success) {
      throw new StepError('INVALID_INPUT', `Quote ${quoteId} cannot be drawn: ${z.prettifyError(design.error)}`);
    }
    return { text, author, ...design.data, textScale: 1 };
  },
});
