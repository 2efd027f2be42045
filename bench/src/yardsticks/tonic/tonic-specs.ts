import type { ServerSpec } from '../../process/with-servers.js';
import { husharWorkload, type HusharWorkloadName } from '../../workloads/hushar.js';
import type { Built } from './build-tonic.js';

const SCRIPT = 'yardsticks/tonic/tonic-server';

/** tonic and prost that send a message of one field of bytes back; nothing where it could not be built. */
export const tonicEcho = (tonic: Built): Record<string, ServerSpec> =>
  'missing' in tonic ? {} : { tonic: { script: SCRIPT, env: { BINARY: `${tonic.folder}/echo` } } };

/** tonic and prost that decode Hushar's requests into maps and numbers, and answer zeros: no model. */
export function tonicHushar(tonic: Built, workload: HusharWorkloadName): Record<string, ServerSpec> {
  if ('missing' in tonic) return {};
  const { vectorizationPath } = husharWorkload(workload);
  return { tonic: { script: SCRIPT, env: { BINARY: `${tonic.folder}/hushar`, ARGUMENT: vectorizationPath } } };
}
