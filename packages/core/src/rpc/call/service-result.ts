import { categoryOfHttpStatus } from '../../errors/from-unknown.js';
import { WitanError } from '../../errors/witan-error.js';
import type { Answer } from '../../handler/answer.js';
import { RPC_ERRORS } from '../rpc.errors.js';
import type { RpcContext } from './rpc-context.js';

export const NO_BYTES = Buffer.alloc(0);

/**
 * An early answer over gRPC: 2xx is an empty message, anything else the error that its status maps to.
 * @throws {CORE_ERR_ANSWER}
 */
export function answerBytes(answer: Answer, context: RpcContext): Buffer {
  for (const [name, value] of Object.entries(answer.headers)) context.setHeader(name, value);
  if (answer.status >= 200 && answer.status < 300) return NO_BYTES;
  const definition = {
    ...RPC_ERRORS.CORE_ERR_ANSWER,
    category: categoryOfHttpStatus(answer.status),
    http: answer.status,
  };
  throw new WitanError('CORE_ERR_ANSWER', definition, bodyText(answer));
}

function bodyText({ body, status }: Answer): string {
  if (body === undefined) return `the handler answered with status ${status}`;
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : JSON.stringify(body);
}
