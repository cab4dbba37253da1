/** Boxes of a PDF's page, in points: left, bottom, right, top. */
export type Box = readonly [left: number, bottom: number, right: number, top: number];

/** Reads the boxes of the first page. @throws Error when it is no whole PDF */
export function pdfBoxes(file: Buffer): { media: Box; trim: Box } {
  const text = file.toString('latin1');
  if (!text.startsWith('%PDF-') || !/%%EOF\s*$/.test(text)) throw new Error('This is no whole PDF.');
  return { media: boxOf(text, 'MediaBox'), trim: boxOf(text, 'TrimBox') };
}

function boxOf(text: string, name: string): Box {
  const found = new RegExp(`/${name} \\[([-\\d. ]+)\\]`).exec(text)?.[1]?.split(' ').map(Number);
  const [left, bottom, right, top] = found ?? [];
  if (left === undefined || bottom === undefined || right === undefined || top === undefined) {
    throw new Error(`This PDF has no ${name}.`);
  }
  return [left, bottom, right, top];
}
