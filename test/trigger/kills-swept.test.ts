import { stepScenarios } from '../proof/scenarios/steps.ts';
import { timerScenarios } from '../proof/scenarios/timers.ts';
import { killEverywhere } from './support/kills.ts';

// A killed run is CRASHED for good: there is no larger machine to begin again on. A step's end, the next driver or the sweep go on.
killEverywhere([...stepScenarios.slice(0, 1), ...stepScenarios.slice(3, 5), ...timerScenarios.slice(0, 2)], 'large-2x');
