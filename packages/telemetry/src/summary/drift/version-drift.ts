import type { Side } from '../column-path.js';
import type { ColumnDrift } from './compare-columns.js';

/** The latest tests of one column, and whether it counts as drifted. */
export interface ColumnAlarm {
  readonly side: Side;
  readonly column: string;
  readonly drift: ColumnDrift;
  readonly isRaised: boolean;
}

/** Which columns of a version count as drifted. One is raised at its threshold and cleared clearly below it, so that it does not flicker. */
export class VersionDrift {
  private readonly alarms = new Map<string, ColumnAlarm>();

  constructor(private readonly clearAt: number) {}

  /** Takes a window's tests of a column; says what they changed. */
  update(side: Side, column: string, drift: ColumnDrift): 'raised' | 'cleared' | undefined {
    const key = `${side} ${column}`;
    const wasRaised = this.alarms.get(key)?.isRaised ?? false;
    const isTold = drift.status === 'same' || drift.status === 'drifted';
    // A window that says nothing changes nothing.
    const isRaised = isTold ? drift.score >= (wasRaised ? this.clearAt : 1) : wasRaised;
    this.alarms.set(key, { side, column, drift, isRaised });
    if (isRaised === wasRaised) return undefined;
    return isRaised ? 'raised' : 'cleared';
  }

  of(side: Side, column: string): ColumnAlarm | undefined {
    return this.alarms.get(`${side} ${column}`);
  }

  all(): Iterable<ColumnAlarm> {
    return this.alarms.values();
  }

  /** A new baseline: nothing is known any more. Gives those that were raised. */
  forget(): ColumnAlarm[] {
    const raised = [...this.alarms.values()].filter(({ isRaised }) => isRaised);
    this.alarms.clear();
    return raised;
  }
}
