import { storeError } from '../store.errors.js';

/**
 * What the body of a 200 or 206 has to bring: the bytes from `offset` on of a file of `bytes`.
 * @throws {INF_ERR_STORE_CHANGED} when the size is another, {INF_ERR_STORE_ANSWER} for a part that was not asked for
 */
export function partOf(
  response: Response,
  bytes: number,
  offset: number,
  what: string,
): { readonly bytes: number; readonly skip: number } {
  const encoding = response.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    throw storeError('INF_ERR_STORE_ANSWER', `${what}: content-encoding ${encoding}, though 'identity' was asked for`);
  }
  if (response.status === 200) {
    checkTotal(Number(response.headers.get('content-length') ?? bytes), bytes, what);
    return { bytes: bytes - offset, skip: offset };
  }
  const range = response.headers.get('content-range') ?? '';
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  if (Number(start) !== offset) {
    throw storeError(
      'INF_ERR_STORE_ANSWER',
      `${what}: content-range '${range}', though bytes from ${offset} on were asked for`,
    );
  }
  if (total !== '*') checkTotal(Number(total), bytes, what);
  return { bytes: bytes - offset, skip: 0 };
}

function checkTotal(total: number, bytes: number, what: string): void {
  if (total === bytes) return;
  const text = `${what} has ${total} bytes, not ${bytes} as listed: list the store anew`;
  throw storeError('INF_ERR_STORE_CHANGED', text);
}
