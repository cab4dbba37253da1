/** Does something at once, and then at most once in a while, however often it is asked for; the last time is never lost. */
export interface Pace {
  ask(): void;
  stop(): void;
}

/** @param every milliseconds */
export function pace(every: number, run: () => void): Pace {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = false;
  const go = (): void => {
    asked = false;
    run();
    timer = setTimeout(() => {
      timer = undefined;
      if (asked) go();
    }, every);
  };
  return {
    ask: () => {
      asked = true;
      if (timer === undefined) go();
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
