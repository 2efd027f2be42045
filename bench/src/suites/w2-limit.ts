import { planThreads } from '../../../packages/inference/dist/runner/runner-options.js';
import { nativeSessionOptions } from '../../../packages/inference/dist/runner/session-options.js';
import type { ServerSpec } from '../process/with-servers.js';
import { ensureW2Model } from '../workloads/w2.js';

/** onnxruntime's own options that a large model gets by default; asked of the library, so that they cannot drift apart. */
export function largeModelOptions(): Readonly<Record<string, unknown>> {
  const { extra, ...options } = nativeSessionOptions(planThreads({}, 1, true), false);
  return { ...options, extra: nested(extra as Readonly<Record<string, string>>) };
}

/** The public API takes `{ session: { intra_op: { allow_spinning: '0' } } }` where the binding takes one key with dots. */
function nested(flat: Readonly<Record<string, string>>): object {
  const root: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(flat)) {
    const path = key.split('.');
    const last = path.pop()!;
    const owner = path.reduce((at, name) => (at[name] ??= {}) as Record<string, unknown>, root);
    owner[last] = value;
  }
  return root;
}

/** A process that runs W2 in a loop, without a server around it. */
export function w2Loop(batch: number, seconds: number): ServerSpec {
  const options = JSON.stringify(largeModelOptions());
  const env = { MODEL: ensureW2Model(), BATCH: String(batch), SECONDS: String(seconds), OPTIONS: options };
  return { script: 'yardsticks/ort-loop', env };
}
