/** One line of the table. */
export interface Line {
  what: string;
  figure: string;
  note: string;
  /** What we aim at. */
  aim: string;
}

/** Sections under one another, their columns in line. */
export function tables(sections: readonly [string, Line[]][]): string[] {
  const all = sections.flatMap(([, lines]) => lines);
  const width = (of: (line: Line) => string): number => Math.max(...all.map((line) => of(line).length));
  const [what, figure, note] = [width((line) => line.what), width((line) => line.figure), width((line) => line.note)];
  const row = (line: Line): string =>
    `  ${line.what.padEnd(what)}  ${line.figure.padStart(figure)}   ${line.note.padEnd(note)}   ${line.aim}`.trimEnd();
  return sections.flatMap(([title, lines]) => [
    '',
    row({ what: title, figure: '', note: '', aim: 'aim' }),
    `  ${'─'.repeat(what + figure + note + 8 + 'within 10 %'.length)}`,
    ...lines.map(row),
  ]);
}
