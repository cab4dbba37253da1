import { enumerate } from './enumerate.ts';
import { largeScenario } from './scenarios/large.ts';

enumerate([largeScenario]);
