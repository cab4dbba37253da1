import ELK, { type ELK as Elk, type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Definition } from '../../http/types.ts';
import { elkGraphOf } from './elk-graph.ts';
import { graphOf } from './graph.ts';
import { placedBy, type Placed } from './placed.ts';

const PREFIX = 'durachart.layout.';
const KEPT = 20;

let elk: Elk | undefined;
const known = new Map<string, Promise<Placed>>();

/** Lays a machine out, in a worker. The same machine is laid out once, also when the page is opened again. */
export function layOut(definition: Definition): Promise<Placed> {
  const graph = graphOf(definition);
  const asked = elkGraphOf(graph);
  const key = PREFIX + hashOf(JSON.stringify(asked));
  const found = known.get(key);
  if (found !== undefined) return found;
  const answer = remembered(key) ?? laidOut(key, asked);
  const placed = Promise.resolve(answer).then((node) => placedBy(graph, node));
  known.set(key, placed);
  placed.catch(() => known.delete(key));
  return placed;
}

async function laidOut(key: string, asked: ElkNode): Promise<ElkNode> {
  elk ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const answer = await elk.layout(asked);
  remember(key, answer);
  return answer;
}

function remembered(key: string): ElkNode | undefined {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as ElkNode);
  } catch {
    return undefined;
  }
}

function remember(key: string, answer: ElkNode): void {
  try {
    const kept = Object.keys(localStorage).filter((each) => each.startsWith(PREFIX));
    if (kept.length >= KEPT) for (const each of kept) localStorage.removeItem(each);
    localStorage.setItem(key, JSON.stringify(answer));
  } catch {
    // Without storage it is laid out again next time.
  }
}

/** 64 bits of FNV-1a. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++)
    hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(36);
}
