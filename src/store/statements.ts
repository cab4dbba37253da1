/** What a statement does to the transaction that it is sent in. */
export interface Statement {
  /**
   * `begin`, `commit`, `rollback`: of the whole transaction. `refused`: control of transactions that a nested one has no form
   * of. `deallocate`: drops the prepared statements of the driver, too. `other` includes savepoints.
   */
  kind: 'begin' | 'commit' | 'rollback' | 'refused' | 'deallocate' | 'other';
  /** Its first words, for messages. */
  words: string;
  /** Of a `begin`: the transaction modes, as they are written. */
  modes: string;
}

/** Text without any of these words controls no transaction; most of it is not read further. */
const MAY_CONTROL = /\b(?:begin|start|commit|end|rollback|abort|prepare|deallocate)\b/i;

/** Comments apart, which nest. A `'…'` is read as with `standard_conforming_strings`, the default. */
const TOKEN =
  /(?<space>\s+|--[^\r\n]*)|(?<comment>\/\*)|(?<text>[eE]'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?)|(?<quote>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(?<end>;)|(?<rest>[\s\S])/y;

/** The statements of a text that do something to the transaction that they run in, and the others. Empty where none can. */
export function controlStatements(text: string): Statement[] {
  return MAY_CONTROL.test(text) ? statements(text) : [];
}

function statements(text: string): Statement[] {
  const found: Statement[] = [];
  let words: { word: string; end: number }[] = [];
  let isEmpty = true;
  // Within the body of a function in standard SQL, which has statements of its own.
  let depth = 0;
  const finish = (end: number): void => {
    if (!isEmpty) found.push(statementOf(words, text, end));
    words = [];
    isEmpty = true;
    depth = 0;
  };
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups ?? {};
    const start = at;
    at = TOKEN.lastIndex;
    if (groups['comment'] !== undefined) at = afterComment(text, at);
    else if (groups['quote'] !== undefined) at = after(text, groups['quote'], at);
    if (groups['space'] !== undefined || groups['comment'] !== undefined) continue;
    if (groups['end'] !== undefined && depth === 0) finish(start);
    else {
      isEmpty = false;
      const word = groups['word']?.toUpperCase();
      if (word === undefined) continue;
      if (isRoutine(words)) depth = depthAfter(word, depth);
      words.push({ word, end: at });
    }
  }
  finish(text.length);
  return found;
}

function after(text: string, quote: string, at: number): number {
  const end = text.indexOf(quote, at);
  return end === -1 ? text.length : end + quote.length;
}

const COMMENT = /\/\*|\*\//g;

function afterComment(text: string, at: number): number {
  COMMENT.lastIndex = at;
  for (let depth = 1; depth > 0;) {
    const mark = COMMENT.exec(text)?.[0];
    if (mark === undefined) return text.length;
    depth += mark === '/*' ? 1 : -1;
  }
  return COMMENT.lastIndex;
}

/** CREATE [OR REPLACE] FUNCTION | PROCEDURE */
function isRoutine(words: readonly { word: string }[]): boolean {
  if (words[0]?.word !== 'CREATE') return false;
  const kind = words[1]?.word === 'OR' ? words[3]?.word : words[1]?.word;
  return kind === 'FUNCTION' || kind === 'PROCEDURE';
}

/** The body stands between BEGIN ATOMIC and END; CASE has an END of its own. */
function depthAfter(word: string, depth: number): number {
  if (word === 'BEGIN' || (word === 'CASE' && depth > 0)) return depth + 1;
  return word === 'END' && depth > 0 ? depth - 1 : depth;
}

function statementOf(words: readonly { word: string; end: number }[], text: string, end: number): Statement {
  const [first = '', second = ''] = words.map(({ word }) => word);
  const isFiller = second === 'WORK' || second === 'TRANSACTION' || (first === 'DEALLOCATE' && second === 'PREPARE');
  const next = (isFiller ? words[2] : words[1])?.word;
  const kind = kindOf(first, second, next, words.at(-1)?.word === 'CHAIN' && words.at(-2)?.word !== 'NO');
  const opening = isFiller || first === 'START' ? 2 : 1;
  return {
    kind,
    words: words
      .slice(0, 3)
      .map(({ word }) => word)
      .join(' '),
    modes: kind === 'begin' && words.length > opening ? text.slice(words[opening - 1]?.end, end).trim() : '',
  };
}

function kindOf(first: string, second: string, next: string | undefined, chains: boolean): Statement['kind'] {
  switch (first) {
    case 'BEGIN':
      return 'begin';
    case 'START':
      return second === 'TRANSACTION' ? 'begin' : 'other';
    case 'COMMIT':
    case 'END':
      return chains || next === 'PREPARED' ? 'refused' : 'commit';
    case 'ROLLBACK':
    case 'ABORT':
      if (next === 'TO') return 'other';
      return chains || next === 'PREPARED' ? 'refused' : 'rollback';
    case 'PREPARE':
      return second === 'TRANSACTION' ? 'refused' : 'other';
    case 'DEALLOCATE':
      return next === 'ALL' ? 'deallocate' : 'other';
    default:
      return 'other';
  }
}
