import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '@witan/core';
import type { Frame } from '@witan/core/frame';
import type { InferEvent } from '../events/infer-event.js';
import type { Watch } from '../events/watch.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Metric } from '../metrics/snapshot.js';
import type { RecordedBaseline } from './baseline/baseline.js';
import { baselineFiles, readBaselineFile, writeBaselineFile } from './baseline/baseline-file.js';
import type { WindowName } from './column/column-watch.js';
import type { ModelSummaries } from './model-summaries.js';
import { summaryMetrics } from './summary-metrics.js';
import { reportOf, type SummaryReport } from './summary-report.js';
import type { SummaryState } from './summary-state.js';
import { summaryError } from './summary.errors.js';
import type { ShelvedVersion } from './version-shelf.js';

/**
 * Summaries of what this process's models are given and answer. Does nothing unless the option `summary` is set.
 * @example
 * constructor(@Inject(Summaries) private readonly summaries: Summaries) {}
 * seen() { return this.summaries.report('iris'); }
 */
export class Summaries implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Summaries');
  private readonly sinceMs: number;

  /** @param models `undefined`: they were not asked for */
  constructor(
    /** @internal */
    readonly models: ModelSummaries | undefined,
    private readonly watch: Watch,
    private readonly collected: Metrics,
    clock: Clock,
  ) {
    this.sinceMs = clock.epochMs();
  }

  async onModuleInit(): Promise<void> {
    const { models } = this;
    if (!models) return;
    const { folder } = models.options.baselines;
    if (folder !== undefined) await this.readBaselines(models, folder);
    this.watch.on<InferEvent>('witan.infer', 'summary', (run) => models.observe(run));
    this.collected.addSource(() => this.metrics());
    models.start();
  }

  onApplicationShutdown(): void {
    this.models?.stop();
  }

  /**
   * A window's figures, beside the baseline.
   * @param version @default the one that ran last
   * @throws {TEL_ERR_SUMMARY_UNKNOWN} when nothing is known of that model, version or window
   */
  report(model: string, version?: string, window: WindowName = 'current'): SummaryReport {
    const found = this.find(model, version);
    return reportOf(this.models!, found, window) ?? this.noWindow(model, window);
  }

  /**
   * The same as sketches: for `mergeSummaries`.
   * @throws {TEL_ERR_SUMMARY_UNKNOWN} when nothing is known of that model, version or window
   */
  state(model: string, version?: string, window: WindowName = 'current'): SummaryState {
    return this.find(model, version).watch.state(window) ?? this.noWindow(model, window);
  }

  /** Compares all versions of a model with these training rows from now on; columns by the names of its inputs and outputs. */
  setBaseline(model: string, rows: Frame<object>): void {
    this.models?.setBaseline(model, rows);
  }

  /**
   * Makes a window the baseline of its model, for all versions, and writes it to the folder of baselines if there is one.
   * @throws {TEL_ERR_SUMMARY_UNKNOWN} when nothing is known of that model, version or window
   * @throws {TEL_ERR_BASELINE_ROWS} when it has too few rows
   * @throws {TEL_ERR_BASELINE_WRITE}
   */
  async recordBaseline(model: string, version?: string, window: WindowName = 'current'): Promise<SummaryReport> {
    const { watch } = this.find(model, version);
    const state = watch.state(window) ?? this.noWindow(model, window);
    const { drift, baselines } = this.models!.options;
    const minRows = drift?.minRows ?? 1;
    if (state.sampledRows < minRows) {
      const seen = `the ${window} window of model '${model}' has ${state.sampledRows} sampled rows`;
      throw summaryError('TEL_ERR_BASELINE_ROWS', `${seen}: a baseline needs ${minRows}`);
    }
    const record: RecordedBaseline = { ...state, model, version: watch.version };
    if (baselines.folder !== undefined) await writeBaselineFile(baselines.folder, record);
    this.models!.setBaseline(model, record);
    return this.report(model, watch.version, window);
  }

  /** The last windows' tests and the counts of rows, as metrics. */
  metrics(): Metric[] {
    return this.models ? summaryMetrics(this.models, this.sinceMs) : [];
  }

  private find(model: string, version: string | undefined): ShelvedVersion {
    const found = this.models?.shelf.find(model, version);
    if (found) return found;
    const shelf = this.models?.shelf;
    const versions = shelf?.versionsOf(model) ?? [];
    const there = versions.length > 0 ? versions : (shelf?.modelNames() ?? []);
    const asked = version === undefined ? '' : `, version '${version.slice(0, 64)}'`;
    const names = there.slice(0, 20).join(', ') || 'none';
    const what = versions.length > 0 ? 'versions' : 'models';
    const text = `no summary of model '${model.slice(0, 255)}'${asked}: the ${what} that ran are ${names}`;
    throw summaryError('TEL_ERR_SUMMARY_UNKNOWN', text);
  }

  private noWindow(model: string, window: WindowName): never {
    throw summaryError(
      'TEL_ERR_SUMMARY_UNKNOWN',
      `model '${model}' has had no complete window yet: '${window}' is empty`,
    );
  }

  /** A baseline that cannot be read is told and left out: the models are served all the same. */
  private async readBaselines(models: ModelSummaries, folder: string): Promise<void> {
    try {
      for (const { model, path } of await baselineFiles(folder)) {
        try {
          const content = await readBaselineFile(path);
          models.setBaseline(model, 'frame' in content ? content.frame : content.record);
        } catch (error) {
          this.logger.warn((error as Error).message);
        }
      }
    } catch (error) {
      this.logger.warn((error as Error).message);
    }
  }
}
