import { join } from 'node:path';
import { findBinaries } from './embedded/binaries.ts';
import { NAME, hasCluster, makeCluster, passwords } from './embedded/cluster.ts';
import { ROOT_FOLDERS, findHome } from './embedded/home.ts';
import type { Home } from './embedded/home.ts';
import { startOrJoin } from './embedded/start.ts';
import { Supervisor } from './embedded/supervisor.ts';

export { EmbeddedError } from './embedded/error.ts';
export type { EmbeddedErrorCode } from './embedded/error.ts';

export interface EmbeddedOptions {
  /** Folder for the database, made when missing. Must be empty or have been made by an earlier start. */
  dataDir: string;
  /** Port on 127.0.0.1. Default: a free one the first time, kept with the data folder afterwards. */
  port?: number;
  /** Gets lines for the user about what is out of the ordinary. */
  log?: (line: string) => void;
}

export interface EmbeddedServer {
  /** `postgres://durachart:<password>@127.0.0.1:<port>/durachart` */
  url: string;
  port: number;
  /** Where the data really is: the folder with `pgdata`, `pgpass` and `postgres.log`. */
  dataDir: string;
  /** Process id of the postmaster: another one after it was started again. */
  readonly pid: number;
  /** false: another process that still lives started it, we only use it */
  readonly owned: boolean;
  /** What is wrong with it, in words, while it has ended and is not running again. */
  readonly trouble: string | undefined;
  /** Line to type into a shell to get at the database; without the password. */
  psql: string;
  /**
   * Shuts the server down and waits until it has exited; where it is not `owned` it is let go, and goes on. From now on this process starts
   * nothing again.
   * Without a call the server is told to shut down when this process exits.
   */
  stop(): Promise<void>;
}

/**
 * Starts the Postgres that comes with this package, or joins the one that runs on `dataDir` already. Makes the role and the
 * database `durachart` on the first start; the role owns the database, may create roles, and is no superuser. For root, Postgres
 * runs as another user, and where that user cannot enter `dataDir`, the data is kept in /var/lib/durachart.
 *
 * Until `stop()` this process keeps it running: when it ends it is started again on the same port, by whoever started it, or by one that has
 * joined when that one has ended or stopped. A server left behind by a process that was killed is taken over (`owned`). A server that is joined keeps
 * its port, whatever `port` says. Linux and macOS.
 *
 * @throws EmbeddedError see `EmbeddedErrorCode`
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const log = options.log ?? (() => {});
  const home = await findHome(options.dataDir, log);
  const binaries = await findBinaries(home.user, ROOT_FOLDERS);
  const made = hasCluster(home, binaries.major);
  const secrets = passwords(home);
  if (!made) await makeCluster(home, binaries, secrets.superuser);
  const cluster = { home, binaries, passwords: secrets, log };
  const running = await startOrJoin(cluster, options.port);
  return describe(
    home,
    `postgres://${NAME}:${secrets.engine}@127.0.0.1:${running.port}/${NAME}`,
    running.port,
    new Supervisor(cluster, running),
  );
}

function describe(home: Home, url: string, port: number, supervisor: Supervisor): EmbeddedServer {
  const pgpass = join(home.folder, 'pgpass').replaceAll("'", `'\\''`);
  return {
    url,
    port,
    dataDir: home.folder,
    get pid() {
      return supervisor.pid;
    },
    get owned() {
      return supervisor.owned;
    },
    get trouble() {
      return supervisor.trouble;
    },
    psql: `PGPASSFILE='${pgpass}' psql -h 127.0.0.1 -p ${port} -U ${NAME} ${NAME}`,
    stop: () => supervisor.stop(),
  };
}
