import { enumerate } from '../enumerate.ts';
import { cancelScenarios } from '../scenarios/cancel.ts';
import { forkAndEditScenarios } from '../scenarios/fork-and-edit.ts';
import { goingOnScenarios } from '../scenarios/going-on.ts';
import { rewindScenarios } from '../scenarios/rewind.ts';
import { skipScenarios } from '../scenarios/skip.ts';

enumerate([...goingOnScenarios, ...skipScenarios, ...rewindScenarios, ...forkAndEditScenarios, ...cancelScenarios]);
