import MarkdownIt from 'markdown-it';

/** Raw HTML is shown as text, links are limited to harmless schemes, and nothing is loaded from outside. */
const markdown = new MarkdownIt({ html: false, linkify: false }).disable('image');

const STYLE = `
body { font: 18px/1.6 Georgia, serif; color: #1f2733; background: #fbfaf7; max-width: 42rem; margin: 3rem auto; padding: 0 1.25rem }
h1, h2 { font-family: system-ui, sans-serif; line-height: 1.25 }
blockquote { margin: 1.5rem 0; padding-left: 1rem; border-left: 4px solid #f2b84b; color: #48525f }
table { border-collapse: collapse } th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #e3dfd6 }
a { color: #14546b }`;

/** A page of its own from Markdown. */
export function htmlPage(title: string, source: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${markdown.utils.escapeHtml(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
${markdown.render(source)}</body>
</html>
`;
}
