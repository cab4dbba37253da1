import { enumerate } from './enumerate.ts';
import { publishedScenario } from './scenarios/published.ts';

enumerate([publishedScenario]);
