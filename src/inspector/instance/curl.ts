/** Requests as lines for a shell, to be pasted elsewhere. */

export function curlOf(origin: string, method: string, path: string, body?: unknown): string {
  const parts = ['curl', ...(method === 'GET' ? [] : ['-X', method]), quoted(origin + path)];
  if (body !== undefined)
    parts.push('-H', quoted('content-type: application/json'), '-d', quoted(JSON.stringify(body)));
  return parts.join(' ');
}

/** A command of the CLI. Options that are undefined are left out; `true` stands for one without a value. */
export function commandOf(
  command: string,
  words: readonly string[],
  options: Readonly<Record<string, string | true | undefined>> = {},
): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [`--${name}`] : [`--${name}`, quoted(value)],
  );
  // Behind `--` a word that begins with a dash is no option.
  const dashed = words.some((word) => word.startsWith('-'));
  const plain = words.map(quoted);
  return ['durachart', command, ...(dashed ? [...given, '--', ...plain] : [...plain, ...given])].join(' ');
}

/** A word for a POSIX shell: as it is where the shell would leave it, else in single quotes. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
