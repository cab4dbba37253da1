/**
 * What a provider, psql or an ORM puts into a URL for the client. postgres.js would pass it on, and the server refuse it as no
 * setting of its own. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS, and Prisma's and node-postgres' own.
 */
const FOR_OTHER_CLIENTS = [
  'channel_binding',
  'fallback_application_name',
  'gssencmode',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'tcp_user_timeout',
  'connection_limit',
  'pgbouncer',
  'pool_timeout',
  'schema',
  'socket_timeout',
  'uselibpqcompat',
];

/**
 * The URL with what this client and the server understand of it. Where channel binding is required, which the client does not know,
 * the server's certificate is verified in its stead: both keep another server from standing in between.
 */
export function serverUrl(url: string): string {
  const [address = '', query] = url.split(/\?(.*)/s);
  if (query === undefined) return url;
  const parameters = new URLSearchParams(query);
  if (parameters.get('channel_binding') === 'require' || parameters.get('sslrootcert') === 'system') {
    parameters.delete('sslrootcert');
    parameters.set('sslmode', 'verify-full');
  }
  for (const name of FOR_OTHER_CLIENTS) parameters.delete(name);
  return parameters.size === 0 ? address : `${address}?${parameters.toString()}`;
}
