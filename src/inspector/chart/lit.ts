/** Paths of the states that a state value stands for, outer ones too. XState writes `"A"`, `{"A": "x"}`, `{"A": {"left": "x", "right": "y"}}`. */
export function litBy(value: unknown): Set<string> {
  const lit = new Set<string>();
  add(value, '', lit);
  return lit;
}

function add(value: unknown, parent: string, lit: Set<string>): void {
  if (typeof value === 'string') lit.add(below(parent, value));
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const path = below(parent, key);
      lit.add(path);
      add(inner, path, lit);
    }
  }
}

function below(parent: string, key: string): string {
  return parent === '' ? key : `${parent}.${key}`;
}
