import { oipError } from '../../oip.errors.js';
import { EMPTY } from '../messages/small-messages.js';
import { smallCall, type SmallCall } from './small-call.js';

/** What Triton has for memory that client and server share. It is not offered: clients learn it by a clear status. */
export function sharedMemoryCalls(): Readonly<Record<string, SmallCall>> {
  const calls: Record<string, SmallCall> = {};
  for (const kind of ['System', 'Cuda']) {
    for (const order of ['Status', 'Register', 'Unregister'])
      calls[`${kind}SharedMemory${order}`] = smallCall('open', EMPTY, () => {
        throw oipError('OIP_ERR_UNSUPPORTED', 'shared memory is not supported: send tensors in the request');
      });
  }
  return calls;
}
