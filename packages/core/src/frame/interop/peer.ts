import { frameError } from '../frame.errors.js';

/**
 * Loads an optional package on first use.
 * @throws {CORE_ERR_FRAME_PEER} when it is not installed or does not load
 */
export async function loadPeer<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (error) {
    const missing = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    const what = missing ? 'is not installed' : `does not load here (${(error as Error).message})`;
    throw frameError('CORE_ERR_FRAME_PEER', `the optional package ${name} ${what}: run npm install ${name}`, {
      cause: error,
    });
  }
}
