import type { Millis } from '../ports.ts';
import { causesOf, type Child } from './causes.ts';
import type { Cause, Explanation, Standpoint } from './explanation.ts';
import type { Facts, Member } from './facts.ts';
import { offers } from './offers.ts';
import { placeOf } from './place.ts';
import { span } from './spans.ts';

/** Why an instance stands where it stands, from what was read. Pure. The first member of the family is the one that is asked about. */
export function explain(facts: Facts, now: Millis): Explanation {
  const members = new Map(facts.family.map((member) => [member.id, member]));
  const known = new Map<string, Child>();
  const childOf = (id: string): Child | undefined => {
    const member = members.get(id);
    if (member === undefined || known.has(id)) return known.get(id);
    const place = placeOf(member, facts, now);
    const [first] = causesOf(place, childOf) as [Cause, ...Cause[]];
    const child = { place, standpoint: standpointOf(member, first), first };
    known.set(id, child);
    return child;
  };
  const member = facts.family[0] as Member;
  const place = placeOf(member, facts, now);
  const causes = causesOf(place, childOf);
  const [first] = causes as [Cause, ...Cause[]];
  const since = member.entered?.at ?? member.updatedAt;
  const { id, workflow, status, state, sequence } = member;
  return {
    id,
    workflow,
    status,
    state,
    sequence,
    since: new Date(since),
    summary: `${state === '' ? 'It has not begun' : `It has been in ${state} for ${span(now - since)}`}. ${first.words}`,
    causes,
    operations: offers(place),
    recent: facts.recent,
    ...('path' in first && first.path.length > 0 ? { path: first.path } : {}),
  };
}

function standpointOf({ id, workflow, status, state }: Member, { code, words }: Cause): Standpoint {
  return { id, workflow, status, state, code, words };
}
