import { gallery } from './gallery.ts';
import { livingRoom } from './living-room.ts';
import type { Scene } from './scene.ts';
import { shelf } from './shelf.ts';
import { tableTop } from './table.ts';

/** Every scene, by its name. Drawn for this project; their licence is the project's. */
export const scenes: ReadonlyMap<string, Scene> = new Map([
  ['living-room', livingRoom],
  ['shelf', shelf],
  ['gallery', gallery],
  ['table', tableTop],
]);

/** Names of the scenes. */
export const SCENES: readonly string[] = [...scenes.keys()];
