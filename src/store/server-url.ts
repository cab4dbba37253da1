import { DurachartError } from '../core/error.ts';

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

const LIKE = 'postgres://user:password@host:5432/database';

/** Says what is wrong with a URL, without it: it may hold a password. */
function check(url: unknown): asserts url is string {
  if (url === undefined || url === null || url === '') {
    throw new DurachartError(
      'DATABASE_URL_MISSING',
      `There is no URL of a database: it is ${url === '' ? 'empty' : String(url)}. Set DATABASE_URL, or give one like ${LIKE}.`,
    );
  }
  const wrong = (what: string): DurachartError =>
    new DurachartError('INVALID_DATABASE_URL', `The URL of the database ${what}`);
  if (typeof url !== 'string') throw wrong(`is no text, but ${typeof url}. Give one like ${LIKE}.`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== 'postgres' && scheme !== 'postgresql') {
    const found =
      scheme === undefined
        ? 'has no postgres:// at its beginning'
        : `begins with ${scheme}://, and only Postgres will do`;
    throw wrong(`${found}. Give one like ${LIKE}.`);
  }
  // Several hosts are no URL to JavaScript; the driver takes them one by one, too.
  const single = url.replace(/^([^:]+:\/\/(?:[^/?#]*@)?)([^/?#,]*),[^/?#]*/, '$1$2');
  if (!URL.canParse(single))
    throw wrong(
      `cannot be read. In user and password, characters like @ : / # ? are percent-encoded; the port is a number up to 65535. It looks like ${LIKE}.`,
    );
}

/**
 * The URL with what this client and the server understand of it. Where channel binding is required, which the client does not know,
 * the server's certificate is verified in its stead: both keep another server from standing in between.
 * @throws DurachartError `DATABASE_URL_MISSING`, `INVALID_DATABASE_URL`
 */
export function serverUrl(url: string): string {
  check(url);
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
