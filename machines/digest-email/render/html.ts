/**
 * The digest as HTML for mail programs: tables and styles on the elements, which all of them understand; nothing is
 * loaded from anywhere. Values are escaped by the template library.
 */
export const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title><%= it.subject %></title>
<style>
a { color: #14546b }
@media (max-width: 480px) {
  .card { padding: 28px 22px !important }
  .page { padding: 0 !important }
  .box { border-radius: 0 !important }
  .value { font-size: 22px !important }
}
@media (prefers-color-scheme: dark) {
  .page { background: #14181d !important }
  .box { background: #1e242b !important }
  .ink { color: #eef1f4 !important }
  .soft { color: #a5b0bb !important }
  .rule { border-color: #36404a !important }
  .figure { background: #27303a !important }
  .badge { background: #4a3a12 !important; color: #ffd98a !important }
  .up { color: #7fd39b !important }
  .down { color: #f09a8c !important }
  a { color: #7cc4de !important }
}
</style>
</head>
<body style="margin:0;padding:0;background:#f3f1ec">
<div style="display:none;max-height:0;overflow:hidden"><% for (const figure of it.figures) { %><%= figure.label %> <%= figure.value %> (<%= figure.change %>). <% } %></div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f3f1ec;padding:32px 16px">
<tr><td align="center">
<table role="presentation" class="box" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border-radius:14px">
<tr><td class="card" style="padding:40px 44px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<p class="soft" style="margin:0 0 6px;font-size:13px;letter-spacing:.04em;color:#6b7480"><%= it.date %></p>
<h1 class="ink" style="margin:0 0 18px;font-family:Georgia,'Times New Roman',serif;font-weight:normal;font-size:29px;line-height:1.25;color:#1f2733">Your pins, day by day</h1>
<p class="ink" style="margin:0 0 26px;font-size:16px;line-height:1.55;color:#1f2733;overflow-wrap:anywhere"><%= it.greeting %> this is how your pins did.</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed">
<tr>
<% it.figures.forEach((figure, i) => { %>
<% if (i > 0) { %><td width="10" style="font-size:0;line-height:0">&nbsp;</td><% } %>
<td class="figure" valign="top" style="background:#f6f4ef;border-radius:10px;padding:16px 14px">
<p class="soft" style="margin:0;font-size:13px;color:#6b7480"><%= figure.label %></p>
<p class="ink value" style="margin:4px 0 2px;font-size:26px;line-height:1.2;font-weight:600;color:#1f2733"><%= figure.value %></p>
<p class="<%= figure.trend === 'same' ? 'soft' : figure.trend %>" style="margin:0;font-size:12px;line-height:1.35;color:<%= { up: '#1d7a45', down: '#b3412e', same: '#6b7480' }[figure.trend] %>"><%= { up: '▲ ', down: '▼ ', same: '' }[figure.trend] %><%= figure.change %></p>
</td>
<% }) %>
</tr>
</table>
<% if (it.winners.length > 0) { %>
<h2 class="ink" style="margin:34px 0 6px;font-size:17px;color:#1f2733">New among your top performers</h2>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
<% for (const pin of it.winners) { %>
<tr>
<td class="rule" valign="top" width="54" style="padding:12px 0;border-bottom:1px solid #e9e5dc"><span class="badge" style="display:inline-block;padding:3px 9px;border-radius:20px;background:#fdf0d2;color:#7a5200;font-size:13px;font-weight:600">#<%= pin.rank %></span></td>
<td class="rule ink" style="padding:12px 0 12px 8px;border-bottom:1px solid #e9e5dc;font-size:16px;line-height:1.45;color:#1f2733;overflow-wrap:anywhere"><% if (pin.url) { %><a href="<%= pin.url %>"><%= pin.title %></a><% } else { %><%= pin.title %><% } %></td>
</tr>
<% } %>
</table>
<% } %>
<% if (it.pins.length > 0) { %>
<h2 class="ink" style="margin:34px 0 6px;font-size:17px;color:#1f2733">Most liked on the day</h2>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
<% it.pins.forEach((pin, i) => { %>
<tr>
<td class="rule soft" valign="top" width="54" style="padding:13px 0;border-bottom:1px solid #e9e5dc;font-size:16px;line-height:1.45;color:#6b7480"><%= i + 1 %></td>
<td class="rule" style="padding:13px 0 13px 8px;border-bottom:1px solid #e9e5dc">
<p class="ink" style="margin:0 0 2px;font-size:16px;line-height:1.45;color:#1f2733;overflow-wrap:anywhere"><% if (pin.url) { %><a href="<%= pin.url %>"><%= pin.title %></a><% } else { %><%= pin.title %><% } %></p>
<p class="soft" style="margin:0;font-size:13px;color:#6b7480"><%= pin.line %></p>
</td>
</tr>
<% }) %>
</table>
<% } %>
<p class="soft" style="margin:34px 0 0;font-size:13px;line-height:1.55;color:#6b7480">You get this mail each day on which something happened. To get no more, answer it with the subject “unsubscribe”.</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
