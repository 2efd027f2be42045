import type { ModelMode } from '../apps/serve.js';
import type { ServerProcess } from '../process/server-process.js';

/** In which execution mode the server runs its models: it decides by measuring them, and so may decide otherwise next time. */
export async function modelRemarks(server: ServerProcess): Promise<string[]> {
  const models = (await server.ask('measure')) as readonly ModelMode[];
  return models.map(({ name, mode, concurrency }) => `model ${name}: ${mode}, ${concurrency} at a time`);
}
