import type { LoadModelOptions } from '@witan/inference';
import type { Parameter } from '../infer-types.js';
import { oipError } from '../oip.errors.js';

const FILE = 'file:';
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The parameters of a load call: `config`, a Triton ModelConfig as JSON, and `file:<version>/<name>`, a file's content
 * (base64 where it is text). Files need a config beside them, which describes them.
 * @throws {OIP_ERR_REQUEST}
 */
export function loadOptions(
  model: string,
  parameters: Readonly<Record<string, Parameter | Uint8Array>>,
): LoadModelOptions {
  let config: string | undefined;
  const files = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(parameters)) {
    if (name === 'config' && typeof value === 'string') config = value;
    else if (name.startsWith(FILE)) files.set(name.slice(FILE.length), contentOf(name, value));
    else throw requestError(`unrecognized load parameter '${name.slice(0, 100)}' with type ${typeOf(value)}`);
  }
  if (files.size > 0 && config === undefined)
    throw requestError(
      `failed to load '${model}', override model directory requires a model config to be provided: add the parameter 'config'`,
    );
  return { ...(config !== undefined && { config }), ...(files.size > 0 && { files }) };
}

function contentOf(name: string, value: Parameter | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string' && value.length % 4 === 0 && BASE64.test(value)) return Buffer.from(value, 'base64');
  throw requestError(`load parameter '${name.slice(0, 100)}' must be the file's content in base64`);
}

function typeOf(value: Parameter | Uint8Array): string {
  return value instanceof Uint8Array ? 'bytes' : typeof value;
}

function requestError(message: string): Error {
  return oipError('OIP_ERR_REQUEST', message);
}
