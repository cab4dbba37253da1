/** Text as Postgres can store it: no NUL, no lone surrogates. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** Text of at most so many characters; what was cut off shows as an ellipsis. */
export function boundedText(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

const MASK = '***';

// Name parts are bounded so that no text makes the search quadratic.
const SECRETS: readonly [RegExp, string][] = [
  // What drizzle says of a query that failed has the values of its parameters; in a stack, the frames come after them.
  [/\b(Failed query: [\s\S]*?)\nparams: [\s\S]*?(?=(?:\n {4}at [^\n]*)*\s*$)/g, '$1'],
  // //user:password@host and //token@host
  [/\/\/[^\s/?#"'`<>]+@/g, `//${MASK}@`],
  // Header lines, to their end.
  [/\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s{0,3}[:=]\s{0,3}["']?)[^"'\r\n]+/gi, `$1$2${MASK}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${MASK}`],
  // ?key=…, access_token=…
  [/((?:key|token|secret|passwd|password|pwd|sig|signature|credential)s?=)[^\s&"'`,;)}\]]+/gi, `$1${MASK}`],
  // "apiKey": "…", x-api-key: …, password: …
  [
    /((?:api[-_]?key|access[-_]?key|secret[-_]?key|private[-_]?key|access[-_]?token|refresh[-_]?token|client[-_]?secret|passwd|password)["']?\s{0,3}[:=]\s{0,3}["']?)[^\s&"'`,;)}\]]+/gi,
    `$1${MASK}`,
  ],
  // Tokens that are known by their shape.
  [
    /\b(?:sk-[\w-]{16,}|AIza[\w-]{30,}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|AKIA[A-Z0-9]{16}|eyJ[\w-]{10,}\.[\w-]{4,}\.[\w-]*)/g,
    MASK,
  ],
];

/** Text without the credentials that error messages tend to carry: in URLs, headers, query strings and JSON. */
export function maskSecrets(text: string): string {
  return SECRETS.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text);
}
