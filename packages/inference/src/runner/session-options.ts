/** An execution provider by name, or with its own options as onnxruntime-node takes them. */
export type ExecutionProvider = string | { readonly name: string; readonly [option: string]: unknown };

/** Options of one ONNX session. */
export interface SessionOptions {
  /** Threads that share the work of one operator. @default 1 for models that share workers and for inline ones; all cores, divided by `threads`, for a large one */
  readonly intraOpNumThreads?: number;
  /** Threads that run independent operators; only with `executionMode: 'parallel'`. @default 1 */
  readonly interOpNumThreads?: number;
  /** Tried in order: when one is missing from this build, a warning says so and the rest is tried. @default ['cpu'] */
  readonly executionProviders?: readonly ExecutionProvider[];
  /** @default 'all' */
  readonly graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  /** @default 'sequential' */
  readonly executionMode?: 'sequential' | 'parallel';
  /** Whether intra-op threads spin between operators. @default off when the threads of all runners and the main thread outnumber the cores */
  readonly spinning?: boolean;
  /** Any other option of onnxruntime-node's `InferenceSession.SessionOptions`, passed as it is and winning over the above. */
  readonly session?: Readonly<Record<string, unknown>>;
}

/** What onnxruntime's binding takes. */
export type NativeSessionOptions = Readonly<Record<string, unknown>>;

const FATAL = 4;

/** The binding's options for ours; entries of `extra` must be strings there. */
export function nativeSessionOptions(options: SessionOptions, shareMapped: boolean): NativeSessionOptions {
  const { extra: userExtra, ...session } = options.session ?? {};
  const extra: Record<string, unknown> = {};
  if (options.spinning !== true) extra['session.intra_op.allow_spinning'] = '0';
  if (options.spinning !== true) extra['session.inter_op.allow_spinning'] = '0';
  if (shareMapped) extra['session.disable_prepacking'] = '1';
  return {
    intraOpNumThreads: options.intraOpNumThreads ?? 1,
    interOpNumThreads: options.interOpNumThreads ?? 1,
    graphOptimizationLevel: options.graphOptimizationLevel ?? 'all',
    executionMode: options.executionMode ?? 'sequential',
    executionProviders: options.executionProviders ?? ['cpu'],
    // What fails is thrown, with onnxruntime's words: writing it to stderr too would let bad input flood the log.
    logSeverityLevel: FATAL,
    ...session,
    extra: { ...extra, ...(userExtra as object | undefined) },
  };
}
