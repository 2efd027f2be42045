import type { Parameters, RequestedOutput } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import type { ModelFace } from './model-face.js';

/**
 * The outputs to compute, in the order asked for, each once; all where none is named.
 * @throws {OIP_ERR_OUTPUT}
 */
export function requestedNames(face: ModelFace, requested: readonly RequestedOutput[] | undefined): readonly string[] {
  if (!requested || requested.length === 0) return face.outputNames;
  const names: string[] = [];
  for (const { name } of requested) {
    if (!face.outputNames.includes(name))
      throw oipError(
        'OIP_ERR_OUTPUT',
        `unexpected inference output '${name}' for model '${face.model.name}': it has ${face.outputNames.join(', ')}`,
      );
    if (!names.includes(name)) names.push(name);
  }
  return names;
}

/**
 * How many classes an output is to be answered with; `undefined`: its values.
 * @throws {OIP_ERR_REQUEST}
 */
export function classCountOf(name: string, parameters: Parameters | undefined): number | undefined {
  const value = parameters?.['classification'];
  if (value === undefined) return undefined;
  const count = Number(value);
  if (typeof value !== 'boolean' && typeof value !== 'string' && Number.isInteger(count) && count >= 0)
    return count === 0 ? undefined : count;
  throw oipError(
    'OIP_ERR_REQUEST',
    `parameter 'classification' of output '${name}' is ${String(value)}: it must be the number of classes`,
  );
}
