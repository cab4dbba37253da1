import { readFile } from 'node:fs/promises';
import { DurachartError } from '../core/error.ts';
import { parseExactJson } from '../core/exact-json.ts';
import { CliError, EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** JSON from an option. @throws CliError (usage) */
export function parseJson(text: string, what: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (error instanceof DurachartError)
      throw new CliError(EXIT.usage, `${what}: ${error.message}`, { code: error.code }, error);
    throw new CliError(
      EXIT.usage,
      `${what} is not JSON: ${(error as Error).message}.`,
      { code: 'MALFORMED_JSON' },
      error,
    );
  }
}

/** JSON from a file, or from standard input where the file is `-`. @throws CliError (usage) */
export async function readJson(file: string, terminal: Terminal): Promise<unknown> {
  if (file === '-') return parseJson(await text(terminal.stdin), 'Standard input');
  try {
    return parseJson(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(EXIT.usage, `Cannot read ${file}: ${(error as Error).message}.`, { code: 'NO_FILE' }, error);
  }
}

/** JSON from an option: as it stands, from a file after `@`, or from standard input for `-`. @throws CliError (usage) */
export async function jsonOption(text: string, option: string, terminal: Terminal): Promise<unknown> {
  if (text === '-') return readJson('-', terminal);
  return text.startsWith('@') ? readJson(text.slice(1), terminal) : parseJson(text, option);
}

async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
