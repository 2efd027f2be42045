import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { type Clock, CLOCK, STARTUP_REPORT, type StartupReporter, type StartupSection, systemClock } from '@witan/core';
import type { SchemaBinding } from '../model/served-model.js';
import { ModelRegistry } from '../module/model-registry.js';
import { VersionHandle } from '../repository/version-handle.js';
import { BoundExperiment } from './bound-experiment.js';
import { declaredExperiments } from './declared-experiments.js';
import { RunningExperiment } from './running-experiment.js';
import { experimentError } from './experiment.errors.js';
import type { ExperimentModuleOptions, ExperimentOptions } from './experiment-options.js';
import { experimentPlanOf } from './experiment-plan.js';
import { EXPERIMENT_MODULE_OPTIONS } from './experiment.tokens.js';
import { openKeeper } from './exposure-records.js';
import { readSaved } from './saved-traffic.js';
import type { TrafficChange } from './traffic.js';
import { loadVariants } from './variant-loading.js';

/** Every experiment of the application, by name. */
@Injectable()
export class ExperimentRegistry implements OnModuleInit, OnApplicationShutdown, StartupReporter {
  private readonly logger = new Logger('Experiments');
  private readonly clock: Clock;
  private readonly byName = new Map<string, RunningExperiment>();
  private readonly declared = new Map<string, string>();
  private starting: Promise<void> | undefined;

  constructor(
    @Inject(EXPERIMENT_MODULE_OPTIONS) private readonly options: ExperimentModuleOptions,
    @Inject(ModelRegistry) private readonly models: ModelRegistry,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.clock = clock ?? systemClock;
  }

  /** @throws {INF_ERR_EXPERIMENT_OPTIONS | INF_ERR_EXPERIMENT_MODEL | INF_ERR_EXPERIMENT_CONFLICT} (rejects) */
  onModuleInit(): Promise<void> {
    return this.ready();
  }

  /** Every experiment is there, and what it names is loaded. @internal */
  ready(): Promise<void> {
    return (this.starting ??= this.start());
  }

  onApplicationShutdown(): void {
    for (const experiment of this.byName.values()) experiment.close();
  }

  find(name: string): RunningExperiment | undefined {
    return this.byName.get(name);
  }

  /** @throws {INF_ERR_EXPERIMENT_UNKNOWN} with the names that there are */
  get(name: string): RunningExperiment {
    const found = this.byName.get(name);
    if (found) return found;
    const there = [...this.byName.keys()].join(', ') || 'none';
    const seen = JSON.stringify(name.slice(0, 64));
    throw experimentError('INF_ERR_EXPERIMENT_UNKNOWN', `no experiment ${seen}: there are ${there}`);
  }

  list(): readonly RunningExperiment[] {
    return [...this.byName.values()];
  }

  /**
   * Changes what goes where, at once; kept over a restart where models have a state file.
   * @throws {INF_ERR_EXPERIMENT_UNKNOWN | INF_ERR_EXPERIMENT_OPTIONS | INF_ERR_EXPERIMENT_VARIANT} (rejects)
   * @throws {INF_ERR_REPOSITORY_STATE} (rejects) when it cannot be kept; it holds until the process ends
   */
  async change(name: string, change: TrafficChange): Promise<void> {
    const experiment = this.get(name);
    experiment.traffic.change(change, this.clock.epochMs());
    if (experiment.traffic.killed) experiment.shadows.clear();
    await this.models.keepExperiment(name, experiment.traffic.save(this.declared.get(name)!));
  }

  /** For a handler. @throws {INF_ERR_EXPERIMENT_UNKNOWN | INF_ERR_MAPPING} @internal */
  bind(name: string, binding: SchemaBinding | undefined): BoundExperiment {
    const experiment = this.get(name);
    const { variants, shadows } = experiment.plan;
    const handles = new Map(
      [...variants, ...shadows].map(({ model, version }) => {
        const handle = this.models.get(model, version);
        return [
          `${model}@${version ?? ''}`,
          binding && handle instanceof VersionHandle ? handle.bindSchemas(binding) : handle,
        ];
      }),
    );
    const models = new Set(variants.map(({ model, version }) => handles.get(`${model}@${version ?? ''}`)!));
    return new BoundExperiment(experiment, binding, [...models]);
  }

  [STARTUP_REPORT](): StartupSection {
    return { title: 'Experiments', lines: this.list().map((experiment) => this.line(experiment)) };
  }

  private async start(): Promise<void> {
    const declared = declaredExperiments(this.options, this.discovery);
    if (declared.size === 0) return;
    await this.models.ready();
    for (const [name, options] of declared) await this.add(name, options);
  }

  private async add(name: string, options: ExperimentOptions): Promise<void> {
    const plan = experimentPlanOf(name, options);
    if (this.models.describe(name))
      throw experimentError(
        'INF_ERR_EXPERIMENT_CONFLICT',
        `experiment '${name}' has the name of a model: protocols and services would not know which is meant; rename it`,
      );
    const { models: directory, clock, logger: log } = this;
    await loadVariants(plan, this.models, log);
    const keeper = openKeeper(plan, this.modules);
    const experiment = new RunningExperiment({ plan, directory, clock, log, ...(keeper && { keeper }) });
    await this.restore(experiment, options);
    this.byName.set(name, experiment);
  }

  private async restore({ name, plan, traffic }: RunningExperiment, options: ExperimentOptions): Promise<void> {
    const declared = createHash('sha256').update(JSON.stringify([options.variants, options.control, options.ramp]));
    const fingerprint = declared.digest('hex').slice(0, 16);
    this.declared.set(name, fingerprint);
    const saved = readSaved(await this.models.savedExperiment(name), plan);
    if (!saved) return;
    if (!traffic.restore(saved, fingerprint))
      this.logger.warn(`experiment '${name}' is declared otherwise than when its weights were set: they hold no more`);
    if (saved.killed) this.logger.warn(`experiment '${name}' is switched off: everything goes to the control`);
  }

  private line({ plan, traffic }: RunningExperiment): string {
    const weights = traffic.weights(this.clock.epochMs());
    const variants = plan.variants.map(({ name, model, version }, i) => {
      const share = Number((100 * weights[i]!).toPrecision(3));
      return `${name} ${model}${version === undefined ? '' : `@${version}`} ${share} %`;
    });
    const shadows = plan.shadows.length > 0 ? `; shadow ${plan.shadows.map(({ name }) => name).join(', ')}` : '';
    const state = traffic.killed ? ' SWITCHED OFF' : '';
    return `${plan.name}${state}: ${variants.join(', ')} by ${plan.keyText}${shadows}`;
  }
}
