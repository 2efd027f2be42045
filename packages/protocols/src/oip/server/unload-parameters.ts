import { oipError } from '../oip.errors.js';

/**
 * The parameters of an unload call. Nothing here depends on another model, so nothing follows from `unload_dependents`.
 * @throws {OIP_ERR_REQUEST}
 */
export function checkUnloadParameters(parameters: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (name !== 'unload_dependents') throw requestError(`unrecognized unload parameter '${name.slice(0, 100)}'`);
    if (typeof value !== 'boolean') throw requestError("parameter 'unload_dependents' must be true or false");
  }
}

function requestError(message: string): Error {
  return oipError('OIP_ERR_REQUEST', message);
}
