import type { Context, RequestPhases } from '@witan/core';
import type { ModelDescription, ModelStatistics, TensorData } from '@witan/inference';

/** The protocol's names of element types. FP16 and BF16 travel as raw bytes only. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BF16'
  | 'BYTES';

export type Parameter = string | number | boolean | bigint;
export type Parameters = Readonly<Record<string, Parameter>>;

/** A tensor, decoded: row-major, in the storage that its datatype has in Witan (BYTES as strings or as bytes). */
export interface InferTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData | readonly Uint8Array[];
  readonly parameters?: Parameters;
}

export interface RequestedOutput {
  readonly name: string;
  readonly parameters?: Parameters;
}

/** An inference request of either transport. */
export interface InferRequest {
  readonly model: string;
  readonly version?: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly inputs: readonly InferTensor[];
  /** Absent or empty: all. */
  readonly outputs?: readonly RequestedOutput[];
}

export interface InferResponse {
  readonly model: string;
  readonly version: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly outputs: readonly InferTensor[];
}

/** What a caller's transport knows of it. */
export interface InferCaller {
  /** True once it is gone. Looked at when a batch is formed; cheaper than a {@link signal}. */
  readonly aborted?: boolean;
  /** Fires when it is gone; its rows are then let go at once. */
  readonly signal?: AbortSignal;
  /** When it stops waiting: milliseconds of the application's clock. */
  readonly deadline?: number;
  /** -10 to 10, higher goes first. The request's own `priority` parameter goes before it. @default 0 */
  readonly priority?: number;
  /** The request's, where its transport has one. */
  readonly context?: Context;
  readonly phases?: RequestPhases | undefined;
  /** Told how many rows the request has; of a model without rows one. */
  rows?(count: number): void;
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1: any size. */
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** One entry of the repository index. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

/** A setting of trace or log. */
export type SettingValue = boolean | number | string | readonly string[];

/**
 * The protocol without a transport: REST and gRPC decode into these calls and encode what they give. Every method
 * throws a WitanError whose category decides the status on both transports.
 */
export interface OipServer {
  live(): boolean;
  ready(): boolean;
  metadata(): { readonly name: string; readonly version: string; readonly extensions: readonly string[] };
  modelReady(model: string, version?: string): boolean;
  modelMetadata(model: string, version?: string): Promise<ModelMetadata>;
  /** Triton's ModelConfig, keys in snake_case as its proto has them. */
  modelConfig(model: string, version?: string): Promise<Readonly<Record<string, unknown>>>;
  /** No model: of all. */
  statistics(
    model?: string,
    version?: string,
  ): readonly { readonly name: string; readonly version: string; readonly statistics: ModelStatistics }[];
  infer(request: InferRequest, caller: InferCaller): Promise<InferResponse>;
  index(onlyReady: boolean): readonly IndexEntry[];
  load(model: string, parameters: Readonly<Record<string, Parameter | Uint8Array>>): Promise<void>;
  unload(model: string): Promise<void>;
  traceSettings(): Readonly<Record<string, SettingValue>>;
  /** @throws {OIP_ERR_UNSUPPORTED} for what cannot be changed */
  setTraceSettings(settings: Readonly<Record<string, SettingValue | null>>): Readonly<Record<string, SettingValue>>;
  logSettings(): Readonly<Record<string, SettingValue>>;
  setLogSettings(settings: Readonly<Record<string, SettingValue>>): Readonly<Record<string, SettingValue>>;
  describe(model: string): ModelDescription | undefined;
}
