import type { FileType, SizeName } from './sizes.ts';
import { SIZES } from './sizes.ts';

/** Where an instance keeps its files in the artifact store. A round's are its own, so that no version overwrites another. */
export const files = {
  master: (instance: string, round: number) => `${instance}/round-${round}/master.png`,
  preview: (instance: string, round: number, style: string) => `${instance}/round-${round}/styles/${style}.jpg`,
  picture: (instance: string, round: number, size: SizeName, type: FileType) =>
    `${instance}/round-${round}/${SIZES[size].kind}/${size}.${type === 'jpeg' ? 'jpg' : type}`,
  quality: (instance: string, round: number) => `${instance}/round-${round}/quality.json`,
};
