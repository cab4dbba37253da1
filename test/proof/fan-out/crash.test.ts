import { enumerate } from '../enumerate.ts';
import { modesOf } from '../plan.ts';
import { fanOutScenarios } from '../scenarios/fan-out.ts';

/** Every write with a crash; with a broken connection only what is new here. */
const modes: typeof modesOf = (label) =>
  modesOf(label).filter((mode) => label.startsWith('item') || mode.startsWith('crash'));

enumerate(fanOutScenarios, modes);
