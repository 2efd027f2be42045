import { Inject } from '@nestjs/common';
import { handlerParam } from '@witan/core';
import type { TemplateValues } from '../repository/layout/template/path-template.js';
import { BoundTemplate, ModelTemplate } from '../repository/model-template.js';
import { VersionHandle } from '../repository/version-handle.js';
import { getModelToken } from './model.tokens.js';

/** Injects a model into a provider's constructor or property. */
export function InjectModel(name: string): ParameterDecorator & PropertyDecorator {
  return Inject(getModelToken(name));
}

export interface UseModelOptions {
  /**
   * Whether the handler passes its own frame to the model: then the boot checks the handler's input schema against
   * the model's inputs, and the outputs get the names of the handler's output schema. Switch it off for a handler that
   * makes other columns for the model. @default true
   */
  readonly bind?: boolean;
  /** A version or an alias: `canary`. @default the version that answers requests that name none */
  readonly version?: string;
}

/**
 * Gives a handler method a model. A model whose path has parameters is chosen for each request by the request's own:
 * it is loaded when it is first wanted, and rows for different models never share a batch.
 * @example
 * @Handler({ in: Flower, out: SepalLength })
 * predict(flowers: Frame<Flower>, @UseModel('iris') model: Model) { return model.run(flowers); }
 */
export function UseModel(name: string, { bind = true, version }: UseModelOptions = {}): ParameterDecorator {
  return handlerParam({
    token: getModelToken(name),
    bind(provider, schemas) {
      const binding = bind ? schemas : undefined;
      if (provider instanceof ModelTemplate) return new BoundTemplate(provider, binding, version);
      if (!(provider instanceof VersionHandle)) return provider;
      const handle = version === undefined ? provider : provider.as(undefined, version);
      return binding ? handle.bindSchemas(binding) : handle;
    },
    select(model, context) {
      if (model instanceof BoundTemplate) return noted(model.select(paramsOf(context)), context);
      if (model instanceof VersionHandle) model.noteOn(context);
      return model;
    },
    keyOf: (model, context) => (model instanceof BoundTemplate ? model.keyOf(paramsOf(context)) : ''),
    prepare(model, context) {
      if (model instanceof BoundTemplate) return model.prepare(paramsOf(context));
      return model instanceof VersionHandle ? model.ensureLoaded() : undefined;
    },
  });
}

type Noting = Parameters<VersionHandle['noteOn']>[0];

/** A model that has to be looked for is noted once it is found. */
function noted(
  handle: VersionHandle | Promise<VersionHandle>,
  context: Noting,
): VersionHandle | Promise<VersionHandle> {
  if (handle instanceof Promise) return handle.then((found) => noted(found, context));
  handle.noteOn(context);
  return handle;
}

function paramsOf(context: { readonly params: object }): TemplateValues {
  return context.params as TemplateValues;
}
