import type { Server } from '../server.ts';

/** What the demo runs and shows. */
export interface Demo {
  workflow: string;
  input: Record<string, unknown>;
  /** Said when it starts. */
  says: string;
  /** A state that waits for a person, and what they are told then. */
  waits?: { state: string; tells: (server: Server, id: string) => string[] };
  /** Shows what came of it. */
  results: (server: Server, id: string, say: (line?: string) => void) => Promise<void>;
}
