/** One thing that a schema finds wrong, in the shape of zod's issues: a step may have a zod of its own. */
export interface SchemaIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  /** Of `unrecognized_keys`. */
  readonly keys?: readonly string[];
  /** Of `invalid_union`: what is wrong by each member. */
  readonly errors?: readonly (readonly SchemaIssue[])[];
  /** Of `invalid_key` and `invalid_element`: what is wrong with the key or the element. */
  readonly issues?: readonly SchemaIssue[];
  /** Of `invalid_value`: what would be right. */
  readonly values?: readonly unknown[];
}

/** Issues that are named; of more it is said how many there are. */
const MOST = 20;
/** Members of a union that are equally near and named. */
const MEMBERS = 3;
const LONGEST = 500;
/** What zod says of a value that fits no member, where the schema has no words of its own. */
const UNION = 'Invalid input';

/** The issues of a failed parse, with those of a union's nearest member in place of "Invalid input". At most 20, without the value. */
export function namedIssues(issues: readonly SchemaIssue[]): SchemaIssue[] {
  return issues
    .slice(0, MOST)
    .flatMap(expanded)
    .slice(0, MOST)
    .map((issue) =>
      issue.message.length > LONGEST ? { ...issue, message: `${issue.message.slice(0, LONGEST)}…` } : issue,
    );
}

/** The same as one text: `path: message`, separated by semicolons. */
export function issuesInWords(issues: readonly SchemaIssue[]): string {
  const named = namedIssues(issues);
  const more = issues.length - named.length;
  return [...named.map(inWords), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** `items[0].price` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

function inWords({ path, message }: SchemaIssue): string {
  return path.length === 0 ? message : `${pathText(path)}: ${message}`;
}

function expanded(issue: SchemaIssue): SchemaIssue[] {
  const { path, message, issues, errors = [] } = issue;
  if (issues !== undefined) {
    const inner = issuesInWords(issues);
    return [{ ...issue, message: inner === '' ? message : `${message} (${inner})` }];
  }
  if (errors.length === 0 || message !== UNION) return [issue];
  const members = errors.map((member) => member.flatMap(expanded));
  const best = members.map(distance).toSorted(compare)[0] as Distance;
  const nearest = members.filter((member) => compare(distance(member), best) === 0);
  if (nearest.length === 1)
    return (nearest[0] as SchemaIssue[]).map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
  const forms = [...new Set(nearest.map((member) => member.slice(0, MOST).map(inWords).join('; ')))];
  const more = forms.length > MEMBERS ? `, or one of ${forms.length - MEMBERS} more` : '';
  return [{ ...issue, message: `${UNION}, it fits no form: ${forms.slice(0, MEMBERS).join('; or ')}${more}` }];
}

type Distance = readonly [root: number, literals: number, issues: number];

/** How far a value is from a member: of another type, of another kind by its literals, and by how much else. */
function distance(issues: readonly SchemaIssue[]): Distance {
  return [
    issues.filter(({ code, path }) => code === 'invalid_type' && path.length === 0).length,
    issues.filter(({ code, values }) => code === 'invalid_value' && values?.length === 1).length,
    issues.length,
  ];
}

function compare(a: Distance, b: Distance): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
