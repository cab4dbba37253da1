/** What a check has looked at, and what was not as it must be. */
export interface Check {
  name: string;
  looked: number;
  breaches: string[];
}

/** How many breaches of a check are told in words. */
const TOLD = 5;

/** The first breaches of a check, as lines. */
export function words({ name, breaches }: Check): string[] {
  const more = breaches.length > TOLD ? [`  … and ${breaches.length - TOLD} more`] : [];
  return breaches.length === 0 ? [] : [`${name}:`, ...breaches.slice(0, TOLD).map((line) => `  ${line}`), ...more];
}
