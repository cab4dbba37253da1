/** Items in one statement, and characters. */
export const GROUP = 500;
export const LARGEST = 2_000_000;

/** Statements of one lookup at once: a large row does not hold all others up, and the pool has connections left. */
const AT_ONCE = 4;

interface Asked<Row> {
  resolve(row: Row | undefined): void;
  reject(error: unknown): void;
}

/**
 * Reads rows by their keys: what is asked for while as many statements are under way as may be is read by the next one, in a group. Each
 * caller has a row of its own.
 * @param read the rows of some keys, in any order
 */
export function lookup<Key, Row>(
  read: (keys: readonly Key[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Key,
): (key: Key) => Promise<Row | undefined> {
  const waiting = new Map<Key, Asked<Row>[]>();
  let running = 0;

  async function run(): Promise<void> {
    running++;
    while (waiting.size > 0) {
      const group = new Map([...waiting].slice(0, GROUP));
      for (const key of group.keys()) waiting.delete(key);
      try {
        const rows = new Map((await read([...group.keys()])).map((row) => [keyOf(row), row]));
        for (const [key, asked] of group) {
          const row = rows.get(key);
          for (const [index, { resolve }] of asked.entries()) resolve(index === 0 ? row : structuredClone(row));
        }
      } catch (error) {
        for (const { reject } of [...group.values()].flat()) reject(error);
      }
    }
    running--;
  }

  return async (key) =>
    new Promise((resolve, reject) => {
      const asked = waiting.get(key) ?? [];
      waiting.set(key, [...asked, { resolve, reject }]);
      if (running < AT_ONCE) void run();
    });
}
