/** The words of a text, in lower case. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
}

/** Text as quotes are compared by: letters and digits, single spaces, lower case. */
export function comparable(text: string): string {
  return wordsOf(text).join(' ');
}
