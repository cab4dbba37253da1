/** A command of the CLI as it is pasted into a shell. */
export function commandLine(
  command: string,
  positional: readonly string[],
  options: Readonly<Record<string, string>> = {},
): string {
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, quoted(value)]);
  const dashed = positional.some((word) => word.startsWith('-'));
  const words = positional.map(quoted);
  // Behind `--` a word that begins with a dash is no option.
  const parts = dashed ? [...given, '--', ...words] : [...words, ...given];
  return ['durachart', command, ...parts].join(' ');
}

/** A word for a POSIX shell: as it is where the shell would leave it, else in single quotes. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
