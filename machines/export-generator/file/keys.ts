import { instanceFolder } from '../../instance-folder.ts';
import type { Job } from '../input.ts';
import { formatOf } from './format.ts';

/** Where an instance keeps its files. */
export const keys = {
  part: (instance: string, part: number) => `${instanceFolder(instance)}/parts/${String(part).padStart(6, '0')}`,
  file: (instance: string, job: Job) => `${instanceFolder(instance)}/${job.exportType}.${formatOf(job).extension}`,
};
