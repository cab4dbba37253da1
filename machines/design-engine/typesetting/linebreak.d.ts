/** The package brings no types of its own. */
declare module 'linebreak' {
  export default class LineBreaker {
    constructor(text: string);
    /** The next place where a line may end: the index in UTF-16 code units behind the last character of the line. */
    nextBreak(): { position: number; required: boolean } | null;
  }
}
