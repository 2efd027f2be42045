import type { Clock } from '@witan/core';
import type { Class } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { Model } from '../model/model.js';
import type { SchemaBinding } from '../model/served-model.js';
import type { ModelOptions } from '../module/model-options.js';
import type { Store } from '../store/store.js';
import { BackOff } from './back-off.js';
import { withoutPlacesIn } from './caller-text.js';
import { validateParams } from './layout/template/model-spec.js';
import { compileTemplate, type PathTemplate, type TemplateValues } from './layout/template/path-template.js';
import { resolveLatest } from './layout/template/resolve-latest.js';
import type { VersionHandle } from './version-handle.js';

/** Values, paths and failures that are remembered: requests choose them, so that they must not grow without end. */
const MAX_REMEMBERED = 1_024;
const LATEST = 'latest';

export interface ModelTemplateParts {
  readonly options: ModelOptions;
  readonly clock: Clock;
  readonly store: () => Promise<Store>;
  /** The model at a path of the store. @throws {INF_ERR_MODEL_NOT_FOUND} */
  readonly modelAt: (path: string, bindings: readonly SchemaBinding[]) => Promise<VersionHandle>;
}

/** Whether a model's path chooses the model by parameters. */
export function isTemplate(path: string | undefined): path is string {
  return path !== undefined && !/^([A-Za-z]:)?[\\/]/.test(path) && /:[A-Za-z_]/.test(path);
}

/**
 * Models of one declaration whose path has parameters, such as `iris/:run/:model`: each request says which one it wants,
 * and it is loaded when it is first wanted. What `@InjectModel` gives for such a name.
 */
export class ModelTemplate {
  readonly name: string;
  private readonly template: PathTemplate;
  private readonly spec: Class | undefined;
  /** By the values as they came: the path, checked. */
  private readonly paths = new Map<string, string>();
  /** By path: the models that there are. */
  private readonly models = new Map<string, VersionHandle>();
  private readonly opening = new Map<string, Promise<VersionHandle>>();
  /** By path: what is not there, or could not be looked for. */
  private readonly missing = new Map<string, BackOff>();
  private readonly bindings: SchemaBinding[] = [];

  /** @throws {INF_ERR_OPTIONS} when the path is no template */
  constructor(private readonly parts: ModelTemplateParts) {
    this.name = parts.options.name;
    this.template = compileTemplate(parts.options.path!);
    this.spec = parts.options.spec;
  }

  /** Names of the parameters, in the path's order. */
  get params(): readonly string[] {
    return this.template.params;
  }

  /**
   * The model that these parameters choose, which is loaded when it is first run.
   * @throws {INF_ERR_MODEL_PARAM} (rejects, 422) when a parameter is missing or breaks a rule
   * @throws {INF_ERR_MODEL_NOT_FOUND} (rejects) when there is no model there
   */
  async model(params: TemplateValues): Promise<Model> {
    const path = this.pathOf(params);
    return this.known(path) ?? this.open(path, params);
  }

  /** The path that the parameters choose, `latest` as it came. @throws {INF_ERR_MODEL_PARAM} */
  pathOf(params: TemplateValues): string {
    const key = JSON.stringify(this.spec ? params : this.template.params.map((name) => params[name]));
    const known = this.paths.get(key);
    if (known !== undefined) return known;
    const path = this.template.resolve(this.spec ? validateParams(this.spec, params) : params);
    remember(this.paths, key, path);
    return path;
  }

  /** A model that was asked for before. */
  known(path: string): VersionHandle | undefined {
    return this.models.get(path);
  }

  /** Looks for the model; once, however many ask. @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_STORE_UNAVAILABLE} */
  open(path: string, params: TemplateValues): Promise<VersionHandle> {
    const missing = this.missing.get(path);
    if (missing?.error && missing.waitMs > 0) return Promise.reject(missing.error);
    let opening = this.opening.get(path);
    if (!opening) {
      opening = this.find(path, params).finally(() => this.opening.delete(path));
      this.opening.set(path, opening);
    }
    return opening;
  }

  /** Every model that is chosen from now on has to fit these schemas. */
  bind(binding: SchemaBinding): void {
    this.bindings.push(binding);
  }

  /** What is `latest`, and what is missing, is looked for again. */
  forget(isLoaded: (handle: VersionHandle) => boolean): void {
    this.missing.clear();
    for (const [path, handle] of this.models) {
      if (path.split('/').includes(LATEST) || !isLoaded(handle)) this.models.delete(path);
    }
  }

  private async find(path: string, params: TemplateValues): Promise<VersionHandle> {
    try {
      const handle = await this.parts.modelAt(await this.withoutLatest(path, params), this.bindings);
      remember(this.models, path, handle);
      this.missing.delete(path);
      return handle;
    } catch (thrown) {
      const error = withoutPlacesIn(thrown);
      const backOff = this.missing.get(path) ?? new BackOff(this.parts.clock);
      backOff.failed(error);
      remember(this.missing, path, backOff);
      throw error;
    }
  }

  private async withoutLatest(path: string, params: TemplateValues): Promise<string> {
    if (!path.split('/').includes(LATEST)) return path;
    const values = this.spec ? validateParams(this.spec, params) : params;
    return this.template.resolve(await resolveLatest(await this.parts.store(), this.template, values));
  }
}

/** A template as one handler sees it: its schemas bound. */
export class BoundTemplate {
  private readonly handles = new WeakMap<VersionHandle, VersionHandle>();

  constructor(
    private readonly template: ModelTemplate,
    private readonly binding: SchemaBinding | undefined,
    private readonly version: string | undefined,
  ) {
    if (binding) template.bind(binding);
  }

  keyOf(params: TemplateValues): string {
    return this.template.pathOf(params);
  }

  /** The model for a handler; a promise while it has to be looked for. @throws {INF_ERR_MODEL_PARAM} */
  select(params: TemplateValues): VersionHandle | Promise<VersionHandle> {
    const path = this.template.pathOf(params);
    const known = this.template.known(path);
    return known ? this.bound(known) : this.template.open(path, params).then((handle) => this.bound(handle));
  }

  /** Waits until the model is found and loaded; nothing to wait for when it is. @throws {INF_ERR_MODEL_PARAM} */
  prepare(params: TemplateValues): Promise<unknown> | undefined {
    const path = this.template.pathOf(params);
    const known = this.template.known(path);
    if (known) return this.bound(known).ensureLoaded();
    return this.template.open(path, params).then((handle) => this.bound(handle).ensureLoaded());
  }

  private bound(handle: VersionHandle): VersionHandle {
    const known = this.handles.get(handle);
    if (known) return known;
    const bound = handle.as(this.binding, this.version);
    this.handles.set(handle, bound);
    return bound;
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  if (map.size >= MAX_REMEMBERED) map.delete(map.keys().next().value!);
  map.set(key, value);
}

export function notFoundAt(name: string, path: string): Error {
  return inferenceError('INF_ERR_MODEL_NOT_FOUND', `model '${name}': there is no model '${path}' in the store`);
}
