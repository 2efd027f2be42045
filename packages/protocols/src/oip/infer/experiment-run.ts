import { fromFloat16Bits } from '@witan/core/frame';
import {
  type NamedOutput,
  type RunningExperiment,
  type ServedModel,
  ShadowContext,
  type VariantRun,
} from '@witan/inference';
import type { InferCaller, InferRequest, InferResponse, InferTensor } from '../infer-types.js';

/** Runs a request on a model; `isNoted`: its Context knows which. */
export type RunOn = (model: ServedModel, request: InferRequest, caller: InferCaller) => Promise<InferResponse>;

/**
 * A request to the name of an experiment: answered by the model that is chosen for it, under the experiment's name.
 * `fits`: whether a model takes and gives what the experiment's control does.
 */
export async function runChosen(
  experiment: RunningExperiment,
  request: InferRequest,
  caller: InferCaller,
  fits: (model: ServedModel) => boolean,
  runOn: RunOn,
): Promise<InferResponse> {
  const assignment = experiment.assign(caller.context!, (name) => firstOf(request.inputs, name), fits);
  const run: VariantRun<InferResponse> = {
    on: (model, instead) =>
      instead instanceof ShadowContext
        ? runOn(model, unhurried(request), callerOf(instead))
        : runOn(model, request, caller),
    outputs: ({ outputs }) => outputs.map(comparable),
    rows: request.inputs[0]?.shape[0] ?? 1,
    bytes: () => request.inputs.reduce((sum, input) => sum + bytesOf(input), 0),
  };
  const response = await experiment.run([assignment], run);
  return { ...response, model: experiment.name };
}

/** The first value of an input. */
function firstOf(inputs: readonly InferTensor[], name: string): unknown {
  const value = inputs.find((input) => input.name === name)?.data[0];
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;
}

/** The request's own time limit and priority are of the answer that somebody waits for. */
function unhurried(request: InferRequest): InferRequest {
  return { ...request, parameters: undefined };
}

function callerOf(context: ShadowContext): InferCaller {
  const { deadline, priority, aborted } = context;
  return { context, deadline, priority, aborted };
}

function comparable({ name, datatype, shape, data }: InferTensor): NamedOutput {
  const values = datatype === 'FP16' ? Float32Array.from(data as Uint16Array, fromFloat16Bits) : data;
  return { name, rows: shape[0] ?? 1, values };
}

const PER_ELEMENT = 16;

function bytesOf({ data }: InferTensor): number {
  if (ArrayBuffer.isView(data)) return data.byteLength;
  let bytes = data.length * PER_ELEMENT;
  for (const value of data as readonly unknown[])
    if (typeof value === 'string') bytes += value.length * 2;
    else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  return bytes;
}
