import { applyPatch, type Operation } from 'rfc6902';
import { expect, test } from 'vitest';
import { differences } from '../../../src/inspector/instance/difference.ts';
import { argumentsOf, optionsOf, type Draft } from '../../../src/inspector/instance/dialogs/arguments.ts';
import { commandOf, curlOf } from '../../../src/inspector/instance/curl.ts';

test('tells what was added, removed and changed, as deep inside as can be told', () => {
  const before = { job: { title: 'A', tags: ['x', 'y'] }, media: null, gone: 1, same: { a: [1] } };
  const after = { job: { title: 'B', tags: ['x', 'z', 'w'] }, media: { key: 'k' }, same: { a: [1] }, fresh: {} };
  expect(differences(before, after)).toEqual([
    { path: ['job', 'title'], kind: 'changed', before: 'A', after: 'B' },
    { path: ['job', 'tags', 1], kind: 'changed', before: 'y', after: 'z' },
    { path: ['job', 'tags', 2], kind: 'added', before: undefined, after: 'w' },
    { path: ['media'], kind: 'changed', before: null, after: { key: 'k' } },
    { path: ['gone'], kind: 'removed', before: 1, after: undefined },
    { path: ['fresh'], kind: 'added', before: undefined, after: {} },
  ]);
  expect(differences(before, structuredClone(before))).toEqual([]);
});

const DRAFT: Draft = { by: ' ada ', why: '', step: '1:read', output: { words: 1 }, at: 3, context: {}, force: false };

test('each operation is asked for with its own arguments', () => {
  expect(argumentsOf('retry', DRAFT, {})).toEqual({ by: 'ada' });
  expect(argumentsOf('skip', { ...DRAFT, by: '', why: 'known' }, {})).toEqual({
    why: 'known',
    step: '1:read',
    output: { words: 1 },
  });
  expect(argumentsOf('rewind', DRAFT, {})).toEqual({ by: 'ada', to: 3 });
  expect(argumentsOf('fork', DRAFT, {})).toEqual({ by: 'ada', from: 3 });
  expect(argumentsOf('cancel', { ...DRAFT, force: true }, {})).toEqual({ by: 'ada', force: true });
});

test('an edited context becomes the patch that makes it', () => {
  const before = { a: 1, list: [1, 2, 3], keep: 'x' };
  const context = { list: [1, 3], keep: 'x', 'b/c': null };
  const { patch } = argumentsOf('edit', { ...DRAFT, context }, before);
  const patched = structuredClone(before);
  expect(applyPatch(patched, patch as Operation[])).toEqual((patch as unknown[]).map(() => null));
  expect(patched).toEqual(context);
});

test('requests and commands are lines that a shell takes as they are', () => {
  expect(curlOf('http://localhost:1', 'GET', '/instances/a')).toBe('curl http://localhost:1/instances/a');
  expect(curlOf('http://localhost:1', 'POST', '/instances/a/retry', { why: "it's late" })).toBe(
    `curl -X POST http://localhost:1/instances/a/retry -H 'content-type: application/json' -d '{"why":"it'\\''s late"}'`,
  );
  const body = argumentsOf('skip', { ...DRAFT, why: 'by hand' }, {});
  expect(commandOf('skip', ['a'], optionsOf(body))).toBe(
    `durachart skip a --by ada --why 'by hand' --step 1:read --output '{"words":1}'`,
  );
  expect(commandOf('cancel', ['-a'], optionsOf({ force: true }))).toBe('durachart cancel --force -- -a');
  expect(optionsOf({ output: 'text' })).toEqual({ output: '"text"' });
});

test('what lies in the artifact store is the same where its hash is', () => {
  const reference = (sha256: string) => ({ $durachart: 'payload', size: 1, sha256, key: sha256, link: `/${sha256}` });
  expect(differences({ a: reference('x') }, { a: reference('x') })).toEqual([]);
  expect(differences({ a: reference('x') }, { a: reference('y') })).toMatchObject([{ path: ['a'], kind: 'changed' }]);
});
