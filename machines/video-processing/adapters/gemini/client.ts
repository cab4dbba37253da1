import { FinishReason, GoogleGenAI, type ContentListUnion, type GenerateContentResponse } from '@google/genai';
import { z } from 'zod';
import { StepError } from '../../../../src/index.ts';
import type { Config } from '../../config.ts';
import { failureOf } from './failure.ts';

/** Settings of {@link GeminiClient}. */
export type GeminiConfig = NonNullable<Config['gemini']>;

/** The code of an answer that cannot be used. */
export type FallbackCode = 'TRANSCRIPTION_FAILED' | 'GENERATION_FAILED';

/** Finish reasons that say that the content itself was the trouble. */
const BLOCKED = new Set<string>([
  FinishReason.SAFETY,
  FinishReason.PROHIBITED_CONTENT,
  FinishReason.BLOCKLIST,
  FinishReason.SPII,
  FinishReason.RECITATION,
  FinishReason.IMAGE_SAFETY,
]);

/** Gemini through Google's SDK: JSON answers of a given shape, and errors by the codes of the pipeline. */
export class GeminiClient {
  readonly config: GeminiConfig;

  constructor(config: GeminiConfig) {
    this.config = config;
  }

  /** Asks for JSON of the schema's shape. @throws StepError */
  async json<Schema extends z.ZodType>(
    schema: Schema,
    contents: ContentListUnion,
    code: FallbackCode,
    signal: AbortSignal,
  ): Promise<z.output<Schema>> {
    const { $schema: _, ...responseJsonSchema } = z.toJSONSchema(schema, { io: 'input' });
    const response = await this.call(code, signal, (ai, abortSignal) =>
      ai.models.generateContent({
        model: this.config.model,
        contents,
        config: { abortSignal, responseMimeType: 'application/json', responseJsonSchema, temperature: 0.3 },
      }),
    );
    return parse(schema, textOf(response, code), code);
  }

  /** Runs calls of the SDK and turns what they throw into a StepError. */
  async call<T>(
    code: FallbackCode,
    signal: AbortSignal,
    run: (ai: GoogleGenAI, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { apiKey, baseUrl, timeout } = this.config;
    let retryAfter: string | null = null;
    const ai = new GoogleGenAI({
      apiKey,
      vertexai: false,
      // Has the file store and JSON schemas on every model; pinned, so that neither SDK nor environment changes it.
      apiVersion: 'v1beta',
      httpOptions: {
        ...(baseUrl === undefined ? {} : { baseUrl }),
        // The SDK's errors do not keep the headers.
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          retryAfter = response.headers.get('retry-after');
          return response;
        },
      },
    });
    const deadline = AbortSignal.timeout(timeout);
    try {
      return await run(ai, AbortSignal.any([signal, deadline]));
    } catch (error) {
      if (signal.aborted) throw error;
      throw failureOf(error, { code, apiKey, retryAfter, timedOut: deadline.aborted, timeout });
    }
  }
}

function textOf(response: GenerateContentResponse, code: FallbackCode): string {
  const blocked = response.promptFeedback?.blockReason;
  if (blocked !== undefined)
    throw new StepError('CONTENT_POLICY_VIOLATION', `Gemini refused the content: ${blocked}.`, {
      details: { reason: blocked },
    });
  const [candidate] = response.candidates ?? [];
  const reason = candidate?.finishReason;
  if (reason !== undefined && BLOCKED.has(reason)) {
    throw new StepError('CONTENT_POLICY_VIOLATION', `Gemini stopped for the content: ${reason}.`, {
      details: { reason },
    });
  }
  const text =
    candidate?.content?.parts?.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join('') ?? '';
  if (text === '' || (reason !== undefined && reason !== FinishReason.STOP)) {
    throw new StepError(
      code,
      `Gemini gave ${text === '' ? 'no answer' : 'half an answer'}${reason === undefined ? '' : ` (${reason})`}.`,
    );
  }
  return text;
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string, code: FallbackCode): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StepError(code, 'Gemini answered with malformed JSON.', { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new StepError(code, `Gemini's answer has another shape than asked for: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
