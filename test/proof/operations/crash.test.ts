import { enumerate } from '../enumerate.ts';
import { modesOf } from '../plan.ts';
import { cancelScenarios } from '../scenarios/cancel.ts';
import { forkAndEditScenarios } from '../scenarios/fork-and-edit.ts';
import { goingOnScenarios } from '../scenarios/going-on.ts';
import { rewindScenarios } from '../scenarios/rewind.ts';
import { skipScenarios } from '../scenarios/skip.ts';

/** Every write with a crash; with a broken connection only what is new here, since the others are the same as without operations. */
const modes: typeof modesOf = (label) =>
  modesOf(label).filter((mode) => label.startsWith('request') || mode.startsWith('crash'));

enumerate(
  [...goingOnScenarios, ...skipScenarios, ...rewindScenarios, ...forkAndEditScenarios, ...cancelScenarios],
  modes,
);
