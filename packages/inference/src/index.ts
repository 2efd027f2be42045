// For users.
export { ModelModule } from './module/model.module.js';
export { InjectModel, UseModel } from './module/model.decorators.js';
export type { UseModelOptions } from './module/model.decorators.js';
export { ModelRegistry } from './module/model-registry.js';
export type { ModelInfo } from './module/model-registry.js';
export { getModelToken } from './module/model.tokens.js';
export type { ModelBatchOptions, ModelModuleOptions, ModelOptions } from './module/model-options.js';
export { Model } from './model/model.js';
export type { ModelRunOptions } from './model/model.js';
export type { CastRule } from './model/cast.js';
export type { NullRule } from './model/input-plan.js';
export type { NanRule } from './model/output-frame.js';
export type { Tensor, TensorData, TensorDType, TensorMap } from './tensor/tensor.js';
export type { BatchAxis, ModelSignature, TensorSpec } from './runner/signature.js';
export type { Execution, RunnerDefaults, RunnerOptions } from './runner/runner-options.js';
export type { CircuitOptions } from './runner/circuit.js';
export { inferChannel, type InferEvent } from './model/infer-channel.js';
export type { ExecutionProvider, SessionOptions } from './runner/session-options.js';
export type { ExecutionMode, RunnerState } from './runner/runner.js';
export type { BatchSizeStatistic, DurationStatistic, ModelStatistics } from './model/model-statistics.js';
export type { Store, StoreFile, StoreOutage, StoreReadOptions, StoreWatch } from './store/store.js';
export { openStore } from './store/open-store.js';
export type {
  HttpStoreOptions,
  S3Credentials,
  S3StoreOptions,
  StoreOptions,
  StoreRetryOptions,
} from './store/store-options.js';
export { StoreCache } from './store/cache/store-cache.js';
export type { KnownListing } from './store/cache/listings.js';
export type { CachedTree, DownloadProgress, StoreCacheOptions, TreeOptions } from './store/cache/cached-tree.js';
export { safeRelativePath } from './store/safe-path.js';
export type {
  LoadModelOptions,
  ModelDescription,
  ModelDirectory,
  VersionDescription,
  VersionState,
} from './repository/model-directory.js';
export type { ModelConfig, TensorConfig, VersionPolicy } from './repository/model-config.js';
export type { LoadedLimits } from './repository/loaded-versions.js';
export { ModelTemplate } from './repository/model-template.js';
export type { RefreshOptions } from './repository/refresher.js';
export { Vectorizer } from './vectorize/vectorizer.js';
export type { VectorizerOptions } from './vectorize/vectorizer.js';
export type { DefaultsCaller } from './vectorize/defaults-log.js';
export type { VectorizerStatistics } from './vectorize/vectorizer-statistics.js';
export { ModelServicesModule } from './serving/model-services.module.js';
export { ModelControlModule } from './control/model-control.module.js';
export type { ModelJson, VersionJson } from './control/model-json.js';
export { ExperimentModule } from './experiment/experiment.module.js';
export { Experiment, UseExperiment } from './experiment/experiment.decorators.js';
export type { UseExperimentOptions } from './experiment/experiment.decorators.js';
export { ExperimentRegistry } from './experiment/experiment-registry.js';
export type {
  ExperimentModuleOptions,
  ExperimentOptions,
  ModelReference,
  OutcomeOptions,
  RampOptions,
  ShadowLimits,
  ShadowOptions,
  Tolerance,
  VariantOptions,
} from './experiment/experiment-options.js';
export type { TrafficChange } from './experiment/traffic.js';
export { exposureChannel } from './experiment/exposure-channel.js';
export type { ExposureEvent } from './experiment/exposure-channel.js';
export { shadowChannel } from './experiment/shadow/shadow-channel.js';
export type { ShadowEvent } from './experiment/shadow/shadow-channel.js';
export type { ExperimentJson, ShadowJson, VariantJson } from './experiment/control/experiment-json.js';
export type { ExperimentSummary, MetricDifference, MetricSummary } from './experiment/outcomes/summary.js';
export type { Interval, WelchTest } from './experiment/statistics/intervals.js';

// For sibling packages (@internal).
export { EXPERIMENT_ERRORS } from './experiment/experiment.errors.js';
export { RunningExperiment } from './experiment/running-experiment.js';
export type { AssignedCaller, Assignment } from './experiment/assignment.js';
export { ShadowContext } from './experiment/shadow/shadow-context.js';
export type { VariantRun } from './experiment/variant-run.js';
export { bytesOfFrame, outputsOfFrame } from './experiment/shadow/named-output.js';
export type { NamedOutput } from './experiment/shadow/named-output.js';
export { experimentPlanOf } from './experiment/experiment-plan.js';
export { SERVING_ERRORS } from './serving/serving.errors.js';
export { CONTROL_ERRORS } from './control/control.errors.js';
export { checkConfig } from './repository/layout/check-config.js';
export { LAYOUT_ERRORS } from './repository/layout/layout.errors.js';
export { LayoutReader, listModels, readModel } from './repository/layout/layout-reader.js';
export { compareVersions, latestVersion } from './repository/layout/versions.js';
export { datatypeOf } from './repository/layout/datatypes.js';
export { configFromJson } from './repository/layout/triton/read-triton-config.js';
export { maxBatchSizeOf, tritonConfigOf } from './repository/layout/triton/triton-config-of.js';
export { compileTemplate } from './repository/layout/template/path-template.js';
export type { PathTemplate, TemplateValues } from './repository/layout/template/path-template.js';
export { resolveLatest } from './repository/layout/template/resolve-latest.js';
export { validateParams } from './repository/layout/template/model-spec.js';
export { ByteTable } from './vectorize/byte-table.js';
export { DEFAULTS_HEADER, DefaultsLog } from './vectorize/defaults-log.js';
export type { DefaultsSink } from './vectorize/defaults-log.js';
export { float32OfInt64, float32OfText } from './vectorize/round.js';
export { EMBEDDING, IDENTITY, ONE_HOT, SCALE32, SCALE64 } from './vectorize/transformation.js';
export type { Feature, TransformationCode, TransformationType, ValueKind } from './vectorize/transformation.js';
export { lengthError, numberError, typeError } from './vectorize/value-error.js';
export type { RowPlace } from './vectorize/value-error.js';
export type { FeaturePlan, VectorizePlan } from './vectorize/vectorize-plan.js';
export { VECTORIZE_ERRORS } from './vectorize/vectorize.errors.js';
export { INF_ERRORS } from './inference.errors.js';
export { STORE_ERRORS } from './store/store.errors.js';
export { ServedModel } from './model/served-model.js';
export type { FrameVectorizer, SchemaBinding, ServedModelParts } from './model/served-model.js';
export { VersionHandle } from './repository/version-handle.js';
export { REPOSITORY_ERRORS } from './repository/repository.errors.js';
export { reportVectorizer } from './model/report-models.js';
export type { ModelLoadEvent, ModelLoadKind } from './module/model-load-channel.js';
export { RunnerFactory } from './runner/runner-factory.js';
export type { OpenRunnerOptions, RunnerFactoryParts } from './runner/runner-factory.js';
export type { LoadReport, Runner, WarmUpTime } from './runner/runner.js';
