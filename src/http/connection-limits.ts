/** How long a connection may take over what, and how many there may be. Times are in milliseconds. */
export interface ConnectionLimits {
  /** From the first byte, or from the connection, to the end of the headers. Default: 20 s. */
  headersMs: number;
  /** From the headers to the end of a body that is no upload. Default: 20 s. */
  bodyMs: number;
  /** An upload, or an import, has to bring 16 KiB in this time, each time. Default: 30 s. */
  stallMs: number;
  /** A client has to take something of an answer in this time. Default: 60 s. */
  unreadMs: number;
  /** A connection may wait for its next request. Default: 65 s, which is longer than proxies and load balancers keep theirs. */
  idleMs: number;
  /** Bodies that are not complete after a second: of one client. Default: 50. */
  slowBodiesPerClient: number;
  /** And of all. Default: 500. */
  slowBodies: number;
  /** Connections in all. Default: four fifths of the descriptors that the process may have, 10,000 at most. */
  connections: number;
  /** Streams of events and WebSockets in all. Default: four fifths of the connections. */
  streams: number;
  /** Connections without a complete request, of one address that is neither this machine nor of a private network. Default: 100. */
  pendingPerClient: number;
  /** Different wrong tokens that a client may send at once. Default: 20. */
  wrongTokens: number;
  /** After that, one more each so many milliseconds. Default: 3 s. */
  wrongTokenMs: number;
}

/** A whole upload, however fast it is. */
export const UPLOAD_MS = 6 * 60 * 60 * 1_000;
/** Bytes that a stall is measured by. */
export const STALL_BYTES = 16 * 1_024;
/** What comes sooner is not slow. */
export const SLOW_MS = 1_000;

const MOST_CONNECTIONS = 10_000;
/** Where the system does not say how many descriptors there may be. */
const USUAL_DESCRIPTORS = 1_024;

/** @throws RangeError where a limit is none */
export function connectionLimits(given: Partial<ConnectionLimits> = {}): ConnectionLimits {
  const connections = given.connections ?? Math.min(MOST_CONNECTIONS, Math.floor(descriptors() * 0.8));
  const limits = {
    headersMs: 20_000,
    bodyMs: 20_000,
    stallMs: 30_000,
    unreadMs: 60_000,
    idleMs: 65_000,
    slowBodiesPerClient: 50,
    slowBodies: 500,
    connections,
    streams: Math.floor(connections * 0.8),
    pendingPerClient: 100,
    wrongTokens: 20,
    wrongTokenMs: 3_000,
    ...given,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number from 1 on.`);
  }
  return limits;
}

function descriptors(): number {
  // Its names of hosts would be looked up in the network.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  return soft === 'unlimited' ? Infinity : typeof soft === 'number' ? soft : USUAL_DESCRIPTORS;
}
