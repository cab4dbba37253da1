/** Invisible characters and blanks before a sign that some spreadsheet program trims. */
const BLANK = String.raw`[\s\p{Cf}\p{Cc}]*`;
/** What makes a cell a formula: `=`, `+`, `-`, `@`, in their full-width and small forms too. */
const SIGN = '[=+\\-@\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B]';

/** At the beginning of a cell; and a tab or line break there, which is cut off before the rest is looked at. */
const BEGINNING = new RegExp(`^(?=${BLANK}${SIGN}|[\\t\\r\\n])`, 'u');
/** After what a careless reader takes for the end of a cell: a separator, a quote, a line break. */
const INSIDE = new RegExp(`([,;|\\t\\r\\n"'])(?=${SIGN})`, 'gu');

/**
 * Makes text harmless for spreadsheets, which calculate what looks like a formula: an apostrophe goes before every sign
 * that begins a cell, or that would begin one for a reader that splits at the wrong place. Other text stays as it is.
 * (OWASP, CSV Injection: `=`, `+`, `-`, `@`, tab, carriage return, line feed, full-width variants; separators and quotes.)
 */
export function neutralise(text: string): string {
  return text.replace(INSIDE, "$1'").replace(BEGINNING, "'");
}
