import { createRequire } from 'node:module';
import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { type Clock, CLOCK, Readiness, systemClock } from '@witan/core';
import {
  ExperimentRegistry,
  type ModelDescription,
  type ModelDirectory,
  ModelRegistry,
  type RunningExperiment,
  type ServedModel,
  tritonConfigOf,
} from '@witan/inference';
import type {
  IndexEntry,
  InferCaller,
  InferRequest,
  InferResponse,
  ModelMetadata,
  OipServer,
  Parameter,
  SettingValue,
} from '../infer-types.js';
import { runChosen } from '../infer/experiment-run.js';
import { configInForce, isAlike, type ModelFace } from '../infer/model-face.js';
import { runRequest } from '../infer/run-request.js';
import { OIP_OPTIONS } from '../oip.module-definition.js';
import type { OipOptions } from '../oip-options.js';
import { EXTENSIONS } from './extensions.js';
import { Faces, unknownModel } from './faces.js';
import { loadOptions } from './load-options.js';
import { indexEntries, isServable, readyVersions, versionNamed } from './model-states.js';
import { failedTo } from './repository-failure.js';
import { LOG_LEVELS, logSettingsOf, TRACE_SETTINGS, unchanged } from './settings.js';

const { version: PACKAGE_VERSION } = createRequire(import.meta.url)('../../../package.json') as { version: string };
const DEFAULT_MAX_ROWS = 1_000_000;
const PLATFORM = 'onnxruntime_onnx';

type Statistics = ReturnType<OipServer['statistics']>;

/** The Open Inference Protocol on the application's models; REST and gRPC are two ways to call it. */
@Injectable()
export class ModelOipServer implements OipServer {
  private readonly faces: Faces;
  private readonly clock: Clock;

  constructor(
    @Inject(ModelRegistry) private readonly directory: ModelDirectory,
    @Inject(OIP_OPTIONS) private readonly options: OipOptions,
    @Optional() @Inject(CLOCK) clock?: Clock,
    @Optional() @Inject(Readiness) private readonly readiness?: Readiness,
    @Optional() @Inject(ExperimentRegistry) experiments?: ExperimentRegistry,
  ) {
    this.clock = clock ?? systemClock;
    this.faces = new Faces(directory, options.models ?? 'all', experiments);
  }

  live(): boolean {
    return this.readiness?.live() ?? true;
  }

  ready(): boolean {
    const { ok, details } = this.readiness?.ready() ?? { ok: true, details: { phase: 'serving' } };
    return this.options.strictReadiness === false ? details.phase === 'serving' : ok;
  }

  metadata(): { name: string; version: string; extensions: readonly string[] } {
    const { serverName = 'witan', version = PACKAGE_VERSION } = this.options;
    return { name: serverName, version, extensions: EXTENSIONS };
  }

  modelReady(model: string, version?: string): boolean {
    const description = this.faces.describe(model);
    if (!version) {
      const { defaultVersion, versions } = description;
      if (defaultVersion === undefined) return versions.some((each) => each.lazy && isServable(each));
      return versions.some((each) => each.version === defaultVersion && isServable(each));
    }
    const found = versionNamed(description, version);
    if (!found) throw unknownModel(model, version);
    return isServable(found);
  }

  async modelMetadata(model: string, version?: string): Promise<ModelMetadata> {
    const face = await this.faces.use(model, version);
    const versions = version ? [face.model.version] : readyVersions(this.faces.describe(model));
    const tensor = ({ name, datatype, shape }: ModelMetadata['inputs'][number]) => ({ name, datatype, shape });
    return {
      name: model,
      versions,
      platform: PLATFORM,
      inputs: face.inputs.map(tensor),
      outputs: face.outputs.map(tensor),
    };
  }

  async modelConfig(model: string, version?: string): Promise<Readonly<Record<string, unknown>>> {
    const face = await this.faces.use(model, version);
    const description = this.faces.describe(model);
    const config = configInForce(face, description.config);
    return tritonConfigOf(model, config, face.model.signature, readyVersions(description));
  }

  statistics(model?: string, version?: string): Statistics {
    if (!model) return this.faces.describeAll().flatMap((description) => this.statisticsOf(description));
    const description = this.faces.describe(model);
    if (version && !versionNamed(description, version)) throw unknownModel(model, version);
    return this.statisticsOf(description, version);
  }

  infer(request: InferRequest, caller: InferCaller): Promise<InferResponse> {
    try {
      const experiment = this.faces.experiment(request.model);
      if (experiment && !request.version) return this.runChosen(experiment, request, caller);
      const face = this.faces.use(request.model, request.version);
      if (!(face instanceof Promise)) return this.run(face, request, caller);
      return face.then((loaded) => this.run(loaded, request, caller));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  index(onlyReady: boolean): readonly IndexEntry[] {
    return this.faces.describeAll().flatMap((description) => indexEntries(description, onlyReady));
  }

  async load(model: string, parameters: Readonly<Record<string, Parameter | Uint8Array>>): Promise<void> {
    const options = loadOptions(model, parameters);
    await failedTo('load', model, () => {
      this.refuseHidden(model);
      return this.directory.load(model, options);
    });
  }

  async unload(model: string): Promise<void> {
    await failedTo('unload', model, () => {
      this.refuseHidden(model);
      return this.directory.unload(model);
    });
  }

  traceSettings(): Readonly<Record<string, SettingValue>> {
    return TRACE_SETTINGS;
  }

  setTraceSettings(settings: Readonly<Record<string, SettingValue | null>>): Readonly<Record<string, SettingValue>> {
    return unchanged('trace', TRACE_SETTINGS, settings);
  }

  logSettings(): Readonly<Record<string, SettingValue>> {
    return logSettingsOf(LOG_LEVELS.filter((level) => Logger.isLevelEnabled(level)));
  }

  setLogSettings(settings: Readonly<Record<string, SettingValue>>): Readonly<Record<string, SettingValue>> {
    return unchanged('log', this.logSettings(), settings);
  }

  describe(model: string): ModelDescription | undefined {
    return this.faces.shows(model) ? this.directory.describe(model) : undefined;
  }

  private run(face: ModelFace, request: InferRequest, caller: InferCaller, isNoted = false): Promise<InferResponse> {
    return runRequest(face, request, caller, this.clock.now(), this.options.maxRows ?? DEFAULT_MAX_ROWS, isNoted);
  }

  private runChosen(experiment: RunningExperiment, request: InferRequest, caller: InferCaller): Promise<InferResponse> {
    const control = experiment.use(experiment.plan.control);
    const like = control instanceof Promise ? undefined : this.faces.of(control);
    // Where the control is loaded when it is first used, its first requests wait for it, and so does this comparison.
    if (control instanceof Promise) control.catch(() => undefined);
    const fits = (model: ServedModel): boolean => like === undefined || isAlike(like, this.faces.of(model));
    return runChosen(experiment, request, caller, fits, (model, given, by) =>
      this.run(this.faces.of(model), given, by, true),
    );
  }

  private refuseHidden(model: string): void {
    if (!this.faces.shows(model)) throw unknownModel(model);
  }

  /** Only of versions that are loaded: asking must not load any. */
  private statisticsOf(description: ModelDescription, version?: string): Statistics {
    const { name } = description;
    const wanted = version === undefined ? undefined : versionNamed(description, version)?.version;
    return readyVersions(description)
      .filter((each) => wanted === undefined || each === wanted)
      .flatMap((each) => {
        const face = this.faces.use(name, each);
        if (face instanceof Promise) return [];
        return [{ name, version: each, statistics: face.model.statistics }];
      });
  }
}
