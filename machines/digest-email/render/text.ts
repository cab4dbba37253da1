/** The digest as plain text. */
export const TEXT = `<%= it.greeting %>


this is how your pins did on <%= it.date %>.

<% for (const figure of it.figures) { %>
<%= figure.label.padEnd(8) %><%= figure.value.padStart(12) %>  (<%= figure.change %>)
<% } %>
<% if (it.winners.length > 0) { %>

NEW AMONG YOUR TOP PERFORMERS

<% for (const pin of it.winners) { %>
No. <%= pin.rank %>: <%= pin.title %>

<% if (pin.url) { %>
  <%= pin.url %>

<% } %>
<% } %>
<% } %>
<% if (it.pins.length > 0) { %>

MOST LIKED ON THE DAY

<% it.pins.forEach((pin, i) => { %>
<%= i + 1 %>. <%= pin.title %>

   <%= pin.line %>

<% if (pin.url) { %>
   <%= pin.url %>

<% } %>
<% }) %>
<% } %>

--
You get this mail each day on which something happened. To get no more, answer it with the subject "unsubscribe".
`;
