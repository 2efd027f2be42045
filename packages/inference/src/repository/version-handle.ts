import { Frame, type FrameSource } from '@witan/core/frame';
import type { ModelUse } from '@witan/core';
import { Model, type ModelRunOptions } from '../model/model.js';
import type { SchemaBinding, ServedModel } from '../model/served-model.js';
import type { ModelSignature } from '../runner/signature.js';
import type { TensorMap } from '../tensor/tensor.js';
import { repositoryError } from './repository.errors.js';

/** What a handle asks: which version answers now. */
export interface VersionSource {
  readonly name: string;
  /** How many batches a version will probably run at once, while none is loaded. */
  readonly expectedConcurrency: number;
  /** What is loaded; `undefined` when it has to be loaded first. */
  ready(version: string | undefined): ServedModel | undefined;
  /** Loads it if need be. @throws {INF_ERR_VERSION_NOT_FOUND | INF_ERR_MODEL_UNAVAILABLE} */
  use(version: string | undefined): ServedModel | Promise<ServedModel>;
  /** Every version from now on has to fit these schemas. @throws {INF_ERR_MAPPING} */
  bind(binding: SchemaBinding): void;
}

/**
 * A model as handlers and providers have it: the same object for as long as the application runs, whatever version is
 * loaded. Each run goes to the version that answers at that moment.
 */
export class VersionHandle extends Model {
  readonly name: string;
  private last: ServedModel | undefined;
  private bound: Model | undefined;
  private used: ServedModel | undefined;
  private use: ModelUse | undefined;

  constructor(
    private readonly source: VersionSource,
    /** A version or an alias. @default what answers requests that name none */
    private readonly selection?: string,
    private readonly binding?: SchemaBinding,
  ) {
    super();
    this.name = source.name;
  }

  /** Of the version that answers now. @throws {INF_ERR_MODEL_UNAVAILABLE} when it is not loaded */
  override get version(): string {
    return this.loaded.version;
  }

  /** Of the version that answers now. @throws {INF_ERR_MODEL_UNAVAILABLE} when it is not loaded */
  override get signature(): ModelSignature {
    return this.loaded.signature;
  }

  override get concurrency(): number {
    return this.source.ready(this.selection)?.concurrency ?? this.source.expectedConcurrency;
  }

  override run(input: Frame<object> | TensorMap, options?: ModelRunOptions): Promise<Frame> {
    const served = this.source.ready(this.selection);
    if (served) return this.runOn(served, input, options);
    return this.load().then((model) => this.runOn(model, input, options));
  }

  override runTensors(feeds: TensorMap, options?: ModelRunOptions): Promise<TensorMap> {
    const served = this.source.ready(this.selection);
    if (served) return this.runTensorsOn(served, feeds, options);
    return this.load().then((model) => this.runTensorsOn(model, feeds, options));
  }

  /**
   * The model for one handler: its outputs have the names and shapes of the handler's output schema, whichever version
   * answers, and versions that do not fit its schemas are refused.
   * @throws {INF_ERR_MAPPING} when the version that is loaded does not fit
   */
  bindSchemas(binding: SchemaBinding): VersionHandle {
    this.source.bind(binding);
    return new VersionHandle(this.source, this.selection, binding);
  }

  /** @internal The same model with a handler's schemas that it is known to fit, or of another version. */
  as(binding: SchemaBinding | undefined, version = this.selection): VersionHandle {
    return new VersionHandle(this.source, version, binding);
  }

  /** @internal Tells a request, or those of a batch, which version will answer; of one that is not loaded its run tells. */
  noteOn(context: { noteModel(use: ModelUse): void }): void {
    const served = this.source.ready(this.selection);
    if (served) context.noteModel(this.useOf(served));
  }

  /** @internal Loads it; nothing to wait for when it is loaded. @throws {INF_ERR_MODEL_UNAVAILABLE} (rejects) */
  ensureLoaded(): Promise<unknown> | undefined {
    return this.source.ready(this.selection) ? undefined : this.load();
  }

  /** @internal */
  get isLoaded(): boolean {
    return this.source.ready(this.selection) !== undefined;
  }

  private runOn(served: ServedModel, input: Frame<object> | TensorMap, options?: ModelRunOptions): Promise<Frame> {
    this.note(served, options?.context, input instanceof Frame ? input.source : undefined);
    return this.on(served).run(input, options);
  }

  private runTensorsOn(served: ServedModel, feeds: TensorMap, options?: ModelRunOptions): Promise<TensorMap> {
    this.note(served, options?.context, undefined);
    return served.runTensors(feeds, options);
  }

  /** Requests know their models where they are known themselves: by what the caller gave, or by their rows. */
  private note(served: ServedModel, context: ModelRunOptions['context'], source: FrameSource | undefined): void {
    if (context !== undefined && 'noteModel' in context) context.noteModel(this.useOf(served));
    else if (source) for (const each of source.contexts) each.noteModel(this.useOf(served));
  }

  private useOf(served: ServedModel): ModelUse {
    if (this.used === served) return this.use!;
    this.used = served;
    return (this.use = served.useAs(this.selection));
  }

  private async load(): Promise<ServedModel> {
    return this.source.use(this.selection);
  }

  private get loaded(): ServedModel {
    const model = this.source.ready(this.selection);
    if (model) return model;
    throw repositoryError(
      'INF_ERR_MODEL_UNAVAILABLE',
      `model '${this.name}' is not loaded (yet): its first run loads it`,
    );
  }

  private on(served: ServedModel): Model {
    if (served === this.last) return this.bound!;
    this.bound = this.binding ? served.bindSchemas(this.binding) : served;
    this.last = served;
    return this.bound;
  }
}
