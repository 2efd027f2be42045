/** Triton's ModelConfig as {@link MODEL_CONFIG} decodes it: only what was given. */
export interface TritonConfig {
  readonly name?: string;
  readonly platform?: string;
  readonly backend?: string;
  readonly runtime?: string;
  readonly version_policy?: {
    readonly latest?: { readonly num_versions?: number };
    readonly all?: object;
    readonly specific?: { readonly versions?: readonly number[] };
  };
  readonly max_batch_size?: number;
  readonly input?: readonly TritonTensor[];
  readonly output?: readonly TritonTensor[];
  readonly batch_input?: readonly object[];
  readonly batch_output?: readonly object[];
  readonly optimization?: TritonOptimization;
  readonly dynamic_batching?: TritonBatching;
  readonly sequence_batching?: object;
  readonly ensemble_scheduling?: object;
  readonly instance_group?: readonly TritonInstanceGroup[];
  readonly default_model_filename?: string;
  readonly cc_model_filenames?: ReadonlyMap<string, string>;
  readonly metric_tags?: ReadonlyMap<string, string>;
  readonly parameters?: ReadonlyMap<string, { readonly string_value?: string }>;
  readonly model_warmup?: readonly TritonWarmUp[];
  readonly model_operations?: object;
  readonly model_transaction_policy?: { readonly decoupled?: boolean };
  readonly model_repository_agents?: object;
  readonly response_cache?: { readonly enable?: boolean };
  readonly model_metrics?: object;
}

export interface TritonTensor {
  readonly name?: string;
  readonly data_type?: string;
  readonly format?: string;
  readonly dims?: readonly number[];
  readonly reshape?: { readonly shape?: readonly number[] };
  readonly label_filename?: string;
  readonly is_shape_tensor?: boolean;
  readonly allow_ragged_batch?: boolean;
  readonly optional?: boolean;
}

export interface TritonQueuePolicy {
  readonly timeout_action?: string;
  readonly default_timeout_microseconds?: number;
  readonly allow_timeout_override?: boolean;
  readonly max_queue_size?: number;
}

export interface TritonBatching {
  readonly preferred_batch_size?: readonly number[];
  readonly max_queue_delay_microseconds?: number;
  readonly preserve_ordering?: boolean;
  readonly priority_levels?: number;
  readonly default_priority_level?: number;
  readonly default_queue_policy?: TritonQueuePolicy;
  readonly priority_queue_policy?: ReadonlyMap<string, TritonQueuePolicy>;
}

export interface TritonInstanceGroup {
  readonly kind?: string;
  readonly count?: number;
  readonly gpus?: readonly number[];
  readonly passive?: boolean;
  readonly rate_limiter?: object;
  readonly host_policy?: string;
  readonly secondary_devices?: readonly object[];
  readonly profile?: readonly string[];
}

export interface TritonAccelerator {
  readonly name?: string;
}

export interface TritonOptimization {
  readonly graph?: { readonly level?: number };
  readonly priority?: string;
  readonly cuda?: object;
  readonly execution_accelerators?: {
    readonly gpu_execution_accelerator?: readonly TritonAccelerator[];
    readonly cpu_execution_accelerator?: readonly TritonAccelerator[];
  };
  readonly input_pinned_memory?: object;
  readonly output_pinned_memory?: object;
  readonly gather_kernel_buffer_threshold?: number;
  readonly eager_batching?: boolean;
}

export interface TritonWarmUp {
  readonly name?: string;
  readonly batch_size?: number;
  readonly count?: number;
  readonly inputs?: ReadonlyMap<string, { readonly random_data?: boolean; readonly input_data_file?: string }>;
}

/** What reading a part needs: to refuse, and to say what does not apply. */
export interface TritonReading {
  readonly ignore: (text: string) => void;
  readonly fail: (text: string) => never;
}
