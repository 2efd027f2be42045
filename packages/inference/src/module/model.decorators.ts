import { Inject } from '@nestjs/common';
import { handlerParam } from '@witan/core';
import type { SchemaBinding } from '../model/served-model.js';
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
}

/**
 * Gives a handler method a model.
 * @example
 * @Handler({ in: Flower, out: SepalLength })
 * predict(flowers: Frame<Flower>, @UseModel('iris') model: Model) { return model.run(flowers); }
 */
export function UseModel(name: string, { bind = true }: UseModelOptions = {}): ParameterDecorator {
  const bindModel = (provider: unknown, schemas: SchemaBinding): unknown =>
    provider instanceof VersionHandle ? provider.bindSchemas(schemas) : provider;
  return handlerParam({ token: getModelToken(name), ...(bind && { bind: bindModel }) });
}
