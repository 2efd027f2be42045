import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { DynamicServices, STARTUP_REPORT, type StartupReporter, type StartupSection } from '@witan/core';
import { ExperimentRegistry } from '../experiment/experiment-registry.js';
import type { RunningExperiment } from '../experiment/running-experiment.js';
import type { ServedModel } from '../model/served-model.js';
import { ModelRegistry } from '../module/model-registry.js';
import type { ModelDirectory } from '../repository/model-directory.js';
import { modelService, type ModelSupply } from './model-service.js';
import { IdentifierBook } from './service-identifiers.js';
import { type NoShape, type ServiceShape, serviceShapeOf } from './service-shape.js';
import { servingError } from './serving.errors.js';

/** How many models the banner lists that have no typed service. */
const MAX_LINES = 20;

/**
 * A typed service for every model, made from its signature once that is known: when the model is loaded. It stays while
 * the model is known, loaded or not, and is made anew when a version with another signature takes over.
 */
@Injectable()
export class ModelServices implements OnModuleInit, OnApplicationShutdown, StartupReporter {
  private readonly logger = new Logger('ModelServices');
  private readonly book = new IdentifierBook();
  /** By model: the shape that is served. */
  private readonly keys = new Map<string, string>();
  /** By model: why it has no typed service. */
  private readonly without = new Map<string, string>();
  private stop: () => void = () => undefined;

  constructor(
    @Inject(ModelRegistry) private readonly directory: ModelDirectory,
    @Inject(DynamicServices) private readonly services: DynamicServices,
    @Optional() @Inject(ExperimentRegistry) private readonly experiments?: ExperimentRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    this.services.enable();
    this.services.resolveWith((path) => this.bring(path));
    await this.experiments?.ready();
    // An experiment keeps its name, whatever model comes later.
    for (const experiment of this.experiments?.list() ?? []) this.updateExperiment(experiment);
    for (const { name } of this.directory.describeAll()) this.book.add(name);
    for (const { name } of this.directory.describeAll()) this.update(name);
    this.stop = this.directory.onChange((name) => this.update(name));
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Why a model that is loaded has no typed service; `undefined`: it has one, or is not loaded. */
  whyNone(model: string): string | undefined {
    return this.without.get(model);
  }

  [STARTUP_REPORT](): StartupSection {
    const lines = [...this.without].map(([name, why]) => `${name}: ${why}`);
    const shown =
      lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more`] : lines;
    return { title: 'Without a typed service', lines: shown };
  }

  /** For a path that has no service (yet): the model's is made as soon as the model is loaded. */
  private bring(path: string): Promise<void> | undefined {
    const experiment = this.experiments?.find(path);
    if (experiment) return this.load(path, () => experiment.use(experiment.plan.control), experiment);
    return this.directory.describe(path) && this.load(path, () => this.directory.use(path), this.directory);
  }

  private async load(name: string, use: () => ServedModel | Promise<ServedModel>, supply: ModelSupply): Promise<void> {
    this.show(name, await use(), supply);
    const why = this.without.get(name);
    if (why === undefined) return;
    throw servingError(
      'INF_ERR_SERVICE_NONE',
      `model '${name}' has no typed service: ${why}; call it at POST /v2/models/${name}/infer`,
    );
  }

  private update(name: string): void {
    for (const experiment of this.experiments?.list() ?? [])
      if (experiment.plan.variants[experiment.plan.control]!.model === name) this.updateExperiment(experiment);
    if (!isPathSegment(name) || this.experiments?.find(name)) return;
    const description = this.directory.describe(name);
    if (!description) return this.forget(name);
    this.book.add(name);
    if (description.defaultVersion === undefined) return;
    const model = this.directory.use(name);
    if (!(model instanceof Promise)) this.show(name, model, this.directory);
    // It went in this very turn: what comes next tells of itself.
    else model.catch(() => undefined);
  }

  /** Its service has the shape of its control. */
  private updateExperiment(experiment: RunningExperiment): void {
    const { name, plan } = experiment;
    this.book.add(name);
    const { model, version } = plan.variants[plan.control]!;
    const isLoaded = this.directory.describe(model)?.versions.some(({ state }) => state === 'READY');
    if (!isLoaded) return;
    try {
      const served = this.directory.use(model, version);
      if (served instanceof Promise) served.catch(() => undefined);
      else this.show(name, served, experiment);
    } catch {
      // That version is not there now: the service stays as it is.
    }
  }

  private forget(name: string): void {
    this.book.delete(name);
    this.without.delete(name);
    if (this.keys.delete(name)) this.services.delete(name);
  }

  private show(name: string, model: ServedModel, supply: ModelSupply): void {
    // Whatever a model's file says, it must not end the boot of a server that has others.
    try {
      this.makeService(name, serviceShapeOf(model), supply);
    } catch (error) {
      this.refuse(name, (error as Error).message);
    }
  }

  private makeService(name: string, shape: ServiceShape | NoShape, supply: ModelSupply): void {
    if ('why' in shape) return this.refuse(name, shape.why);
    if (this.keys.get(name) === shape.key) return;
    const identifiers = this.book.of(name);
    this.services.set(modelService(name, shape, identifiers, supply));
    this.keys.set(name, shape.key);
    this.without.delete(name);
    for (const note of notesOf(identifiers.insteadOf, identifiers.protoPackage, shape.notes))
      this.logger.warn(`model '${name}': ${note}`);
  }

  private refuse(name: string, why: string): void {
    if (this.without.get(name) === why) return;
    this.without.set(name, why);
    if (this.keys.delete(name)) this.services.delete(name);
    this.logger.warn(`model '${name}' has no typed service: ${why}`);
  }
}

/** Models that requests choose by a path with parameters have the service of the class that declares them. */
function isPathSegment(name: string): boolean {
  return !/[/:*]/.test(name);
}

function notesOf(insteadOf: string | undefined, protoPackage: string, notes: readonly string[]): readonly string[] {
  if (insteadOf === undefined) return notes;
  return [`its package in .proto is ${protoPackage}, because model '${insteadOf}' has the name`, ...notes];
}
