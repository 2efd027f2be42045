import type { Clock, TimerHandle } from '@witan/core';
import type { Frame } from '@witan/core/frame';
import { type Baseline, baselineOfFrame, baselineOfRecord, type RecordedBaseline } from './baseline/baseline.js';
import { type Side, SIDES } from './column-path.js';
import type { WindowName } from './column/column-watch.js';
import { type ColumnDrift, compareColumns } from './drift/compare-columns.js';
import { driftChannel, type DriftEvent } from './drift/drift-channel.js';
import { thresholdsOf } from './drift/drift-options.js';
import type { NamedSummary } from './frame-watch.js';
import type { ResolvedSummaryOptions } from './summary-options.js';
import { type ShelvedVersion, VersionShelf } from './version-shelf.js';
import { type ObservedRun, VersionWatch } from './version-watch.js';

/** Columns that are compared in one turn of the event loop, some 30 us each. */
const COLUMNS_A_TURN = 16;

/** Summaries of all models of this process, their windows, baselines and alarms. */
export class ModelSummaries {
  readonly shelf: VersionShelf;
  private readonly baselines = new Map<string, Baseline>();
  private timer: TimerHandle | undefined;
  private isOpen = false;

  constructor(
    readonly options: ResolvedSummaryOptions,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {
    const create = (model: string, version: string): VersionWatch => new VersionWatch(model, version, options, clock);
    this.shelf = new VersionShelf(options, options.drift?.clearAt ?? 1, create);
    for (const [model, frame] of Object.entries(options.baselines.frames ?? {})) this.setBaseline(model, frame);
  }

  /** Begins to end windows in time. */
  start(): void {
    this.isOpen = true;
    this.timer = this.clock.setTimer(() => this.endWindows(), this.options.windowMs);
  }

  stop(): void {
    this.isOpen = false;
    this.timer?.cancel();
  }

  /** Takes a run's rows, or a sample of them. The Frames are read here and not kept. */
  observe(run: ObservedRun): void {
    const version = this.shelf.at(run.model, run.version);
    const sharers = this.shelf.sharers(version, run.startedAt);
    version.watch.take(run, this.options.valuesPerSecond / sharers);
  }

  baselineOf(model: string): Baseline | undefined {
    return this.baselines.get(model);
  }

  /** Compares a model with training rows, or with what was recorded, from now on. */
  setBaseline(model: string, from: Frame<object> | RecordedBaseline): void {
    const baseline = 'columns' in from ? baselineOfFrame(from, this.options) : baselineOfRecord(from);
    this.baselines.set(model, baseline);
    for (const version of this.shelf.all()) if (version.watch.model === model) this.forget(version);
  }

  /** A window's columns beside their baseline; `undefined`: they are not compared. */
  driftOf(version: ShelvedVersion, side: Side, { name, dtype, summary }: NamedSummary): ColumnDrift | undefined {
    const { drift } = this.options;
    const baseline = drift && this.baselines.get(version.watch.model);
    const then = baseline?.[side === 'input' ? 'inputs' : 'outputs'].get(name);
    const isTime = dtype.kind === 'timestamp' || dtype.kind === 'date32';
    const thresholds = drift && thresholdsOf(drift, name, isTime);
    return then && thresholds && compareColumns(then, summary, thresholds, drift);
  }

  columnsOf({ watch }: ShelvedVersion, side: Side, window: WindowName): NamedSummary[] {
    return (side === 'input' ? watch.inputs : watch.outputs).summaries(window);
  }

  private forget(version: ShelvedVersion): void {
    const stretch = version.watch.stretch('current')!;
    for (const { side, column, drift } of version.drift.forget()) {
      this.publish(version, { kind: 'cleared', side, column, drift }, stretch);
    }
  }

  private endWindows(): void {
    if (!this.isOpen) return;
    this.timer = this.clock.setTimer(() => this.endWindows(), this.options.windowMs);
    this.goOn(this.endings());
  }

  /** A few columns a turn: requests are answered in between. */
  private goOn(endings: Iterator<void>): void {
    if (!this.isOpen) return;
    try {
      if (endings.next().done) return;
    } catch (error) {
      this.onError(error);
      return;
    }
    this.clock.nextTurn(() => this.goOn(endings));
  }

  private *endings(): Generator<void> {
    const { drift } = this.options;
    for (const version of [...this.shelf.all()]) {
      if (!version.watch.rotate(drift?.minRows ?? 1)) continue;
      yield;
      if (drift) yield* this.compare(version);
    }
  }

  private *compare(version: ShelvedVersion): Generator<void> {
    const stretch = version.watch.stretch('last');
    let compared = 0;
    for (const side of SIDES) {
      for (const column of this.columnsOf(version, side, 'last')) {
        const drift = this.driftOf(version, side, column);
        if (!drift || !stretch) continue;
        const kind = version.drift.update(side, column.name, drift);
        if (kind) this.publish(version, { kind, side, column: column.name, drift }, stretch);
        if (++compared % COLUMNS_A_TURN === 0) yield;
      }
    }
  }

  private publish(
    { watch: { model, version } }: ShelvedVersion,
    what: Pick<DriftEvent, 'kind' | 'side' | 'column' | 'drift'>,
    { fromMs, toMs }: Pick<DriftEvent, 'fromMs' | 'toMs'>,
  ): void {
    if (!driftChannel.hasSubscribers) return;
    driftChannel.publish({ ...what, model, version, fromMs, toMs } satisfies DriftEvent);
  }
}
