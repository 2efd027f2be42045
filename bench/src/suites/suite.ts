import type { LoadTool } from '../load/tool.js';
import type { SuiteReport } from '../report/figure.js';

/** How thorough a run is. */
export interface Effort {
  /** Short bursts and few rounds: to see whether everything works, and the order of the figures. */
  readonly quick: boolean;
  /** How often each contender is measured. */
  readonly rounds: number;
  /** Length of one burst of load. */
  readonly seconds: number;
  /** Length of the soak. */
  readonly minutes: number;
  /** Write CPU profiles of the servers, and say where their time goes. */
  readonly profile: boolean;
}

export interface Suite {
  readonly name: string;
  /** Load generators without which it cannot run. */
  readonly needs: readonly LoadTool[];
  /** Only when asked for by name. @default false */
  readonly onDemand?: boolean;
  run(effort: Effort): Promise<SuiteReport>;
}
