import { botanical } from './botanical.ts';
import { editorial } from './editorial.ts';
import { night } from './night.ts';
import type { Style } from './style.ts';
import { sunrise } from './sunrise.ts';
import { swiss } from './swiss.ts';

/** Names of the styles. */
export const STYLES = ['editorial', 'swiss', 'botanical', 'sunrise', 'night'] as const;
export type StyleName = (typeof STYLES)[number];

/** Every way for a quote to look. */
export const styles: Readonly<Record<StyleName, Style>> = { editorial, swiss, botanical, sunrise, night };
