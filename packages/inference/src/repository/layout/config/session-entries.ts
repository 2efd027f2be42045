import type { RunnerOptions } from '../../../runner/runner-options.js';

/** What a store's file may set among onnxruntime's session entries: none of them names a file or a library. */
const HARMLESS = new Set([
  'session.set_denormal_as_zero',
  'session.use_device_allocator_for_initializers',
  'session.use_env_allocators',
  'session.disable_prepacking',
  'session.dynamic_block_base',
  'session.force_spinning_stop',
  'session.intra_op.allow_spinning',
  'session.inter_op.allow_spinning',
  'session.disable_quant_qdq',
  'session.disable_double_qdq_remover',
  'session.enable_quant_qdq_cleanup',
  'optimization.enable_gelu_approximation',
]);

/** Runner options while they are gathered. */
export type RunnerDraft = { -readonly [Key in keyof RunnerOptions]: RunnerOptions[Key] };

/** Adds an option of onnxruntime's own to those that are passed as they are. */
export function addSessionOption(draft: RunnerDraft, name: string, value: unknown): void {
  draft.session = { ...draft.session, [name]: value };
}

/** Adds one of onnxruntime's session entries, if a store's file may set it. */
export function addSessionEntry(
  draft: RunnerDraft,
  key: string,
  value: string,
  from: string,
  ignore: (text: string) => void,
): void {
  if (!HARMLESS.has(key)) {
    ignore(`${from}: not one of the session entries that a store's file may set`);
    return;
  }
  addSessionOption(draft, 'extra', { ...(draft.session?.['extra'] as object | undefined), [key]: value });
}
