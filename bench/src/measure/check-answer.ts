import type { HttpRequest } from '../load/wrk.js';
import { readFileSync } from 'node:fs';

/** Relative to the size of the value: what another batch size may change in float32. */
const TOLERANCE = 1e-4;

/** @throws {Error} unless the server answers 200 */
export async function httpAnswer({ url, bodyFile }: HttpRequest): Promise<unknown> {
  const body = bodyFile === undefined ? undefined : readFileSync(bodyFile);
  const response = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as unknown;
}

/** Speed of wrong answers is worth nothing: holds the output of the first record to what onnxruntime gave. */
export async function checkPrediction(request: HttpRequest, expected: readonly number[]): Promise<void> {
  const answer = (await httpAnswer(request)) as { records?: readonly { output: number | readonly number[] }[] };
  const got = [answer.records?.[0]?.output].flat() as number[];
  const same =
    got.length === expected.length &&
    expected.every((value, i) => Math.abs(value - got[i]!) <= TOLERANCE * Math.max(1, Math.abs(value)));
  if (!same)
    throw new Error(`${request.url} answered ${JSON.stringify(answer)}, onnxruntime ${JSON.stringify(expected)}`);
}
