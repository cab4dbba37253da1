import { DurachartError } from './error.ts';
import { stateName, type StateValue } from './snapshot.ts';

/** Of a circle so many states are named. */
const NAMED = 12;

/** A machine that goes on by itself without end. */
export class LoopError extends DurachartError {
  /** @param steps what it did, as `10,000 steps` @param names the states that it was in last, newest last */
  constructor(what: string, steps: string, names: readonly string[]) {
    const states = circleIn(names);
    super(
      'ENDLESS_LOOP',
      `The machine went ${steps} in a row on ${what}, and none of them waited for anything: ${shown(states)}. Give the circle a guard that ends it, or something to wait for.`,
      { details: { states: states.slice(0, NAMED) } },
    );
    this.name = 'LoopError';
  }
}

/** The states that come again and again, in their order; all that there are where none does. */
export function circleIn(names: readonly string[]): string[] {
  const last = names.at(-1);
  for (let length = 1; length * 2 <= names.length; length++) {
    if (names.at(-1 - length) !== last) continue;
    const circle = names.slice(-length);
    const before = names.slice(-2 * length, -length);
    if (circle.every((name, index) => name === before[index])) return circle;
  }
  return [...new Set(names)];
}

function shown(states: readonly string[]): string {
  const named = states.slice(0, NAMED);
  const circle = states.length > NAMED ? [...named, '…'] : named;
  return [...circle, ...states.slice(0, 1)].join(' → ');
}

/** The newest states of a machine that moves. */
export class Trail {
  private readonly names: string[] = [];
  private static readonly LENGTH = 100;

  add(value: StateValue): void {
    this.names.push(stateName(value) || '(root)');
    if (this.names.length > 2 * Trail.LENGTH) this.names.splice(0, Trail.LENGTH);
  }

  get newest(): readonly string[] {
    return this.names.slice(-Trail.LENGTH);
  }
}
