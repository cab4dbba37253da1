import type { Drawing, Gradient, Shape } from './drawing.ts';

/** Size of a page in points (1/72 in), before the cut by the bleed on each side. */
export interface Page {
  width: number;
  height: number;
  bleed: number;
}

/**
 * A drawing as a PDF of one page, all of it vectors: sharp at any size, no font needed. Its boxes tell the printer where
 * to cut (TrimBox) and how far the picture goes (BleedBox, MediaBox).
 */
export async function toPdf(drawing: Drawing, page: Page, title: string): Promise<Buffer> {
  // A sixth of a second to load, which a server that draws nothing need not spend.
  const { default: PdfDocument } = await import('pdfkit');
  const { sheet } = drawing;
  const full = [page.width + 2 * page.bleed, page.height + 2 * page.bleed] as const;
  const document = new PdfDocument({
    size: [...full],
    margin: 0,
    // The same drawing gives the same bytes: an attempt made twice leaves one file.
    info: { Title: title, Creator: 'durachart', CreationDate: new Date(0), ModDate: new Date(0) },
  });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => document.once('end', resolve).once('error', reject));
  Object.assign(document.page.dictionary.data, {
    BleedBox: [0, 0, ...full],
    TrimBox: [page.bleed, page.bleed, page.bleed + page.width, page.bleed + page.height],
  });
  document.scale(page.width / sheet.width);
  document.translate(sheet.bleed, sheet.bleed);
  for (const shape of [...drawing.ground, ...drawing.letters]) paint(document, shape);
  document.end();
  await ended;
  return Buffer.concat(chunks);
}

function paint(document: PDFKit.PDFDocument, { d, fill, stroke, opacity }: Shape): void {
  document.save();
  if (opacity !== undefined) document.opacity(opacity);
  document.path(d);
  if (stroke !== undefined) {
    document.lineWidth(stroke.width);
    if (stroke.round) document.lineCap('round').lineJoin('round');
  }
  const painted = fill === undefined || typeof fill === 'string' ? fill : gradientOf(document, fill);
  if (painted !== undefined && stroke !== undefined) document.fillAndStroke(painted, stroke.colour);
  else if (painted !== undefined) document.fill(painted);
  else if (stroke !== undefined) document.stroke(stroke.colour);
  document.restore();
}

function gradientOf(document: PDFKit.PDFDocument, gradient: Gradient): PDFKit.Mixins.ColorValue {
  const made =
    gradient.kind === 'linear'
      ? document.linearGradient(...gradient.from, ...gradient.to)
      : document.radialGradient(...gradient.centre, 0, ...gradient.centre, gradient.radius);
  for (const [offset, colour] of gradient.stops) made.stop(offset, colour);
  return made;
}
