import { destinationError } from './destinations.errors.js';

/**
 * An optional package, loaded when it is first needed.
 * @throws {SINK_ERR_PEER} when it is not installed
 */
export async function loadPeer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const text = `${name} cannot be loaded: run npm install ${name}`;
    throw destinationError('SINK_ERR_PEER', text, { cause: error });
  }
}
