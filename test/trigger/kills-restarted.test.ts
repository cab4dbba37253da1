import { childScenarios } from '../proof/scenarios/children.ts';
import { stepScenarios } from '../proof/scenarios/steps.ts';
import { killEverywhere } from './support/kills.ts';

// A killed process begins again in the same run, on the next larger machine.
killEverywhere([...stepScenarios.slice(0, 3), ...childScenarios.slice(0, 1)], 'small-1x');
