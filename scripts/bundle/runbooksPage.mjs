/**
 * docs/runbooks.md as a page that Grafana serves with the plugin. It knows what that file uses: headings, paragraphs,
 * numbered lists, code and emphasis.
 *
 * @param {string} markdown
 */
export function runbooksPage(markdown) {
  const body = markdown
    .trim()
    .split(/\n{2,}/)
    .map(block)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Promkeep: runbooks</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 45rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.55 system-ui, sans-serif; }
h2 { margin-top: 2.5rem; border-top: 1px solid #8886; padding-top: 1.5rem; }
:target { background: #ffd54f55; }
code { background: #8882; border-radius: 3px; padding: 0 0.25em; overflow-wrap: anywhere; }
</style>
</head>
<body>
${body}
</body>
</html>
`;
}

function block(text) {
  const heading = /^(#{1,3}) (.+)$/.exec(text);
  if (heading) {
    const level = heading[1].length;
    return `<h${level} id="${heading[2].toLowerCase().replaceAll(' ', '-')}">${inline(heading[2])}</h${level}>`;
  }
  if (/^\d+\. /.test(text)) {
    const items = text.split(/\n(?=\d+\. )/).map((item) => `<li>${inline(item.replace(/^\d+\. /, ''))}</li>`);
    return `<ol>\n${items.join('\n')}\n</ol>`;
  }
  return `<p>${inline(text)}</p>`;
}

function inline(text) {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped
    .split(/(`[^`]+`)/)
    .map((part) => (part.startsWith('`') ? `<code>${part.slice(1, -1)}</code>` : emphasize(part)))
    .join('');
}

function emphasize(text) {
  return text.replace(/(^|\W)_([^_]+)_(?=\W|$)/g, '$1<em>$2</em>');
}
