import { type Context, type RequestPhases, WitanError } from '@witan/core';
import { Column, Frame } from '@witan/core/frame';
import type { ModelRunOptions, Tensor, TensorMap } from '@witan/inference';
import type { InferCaller, InferRequest, InferResponse, InferTensor } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { checkedInputs } from './check-inputs.js';
import { classesOf } from './classification.js';
import type { ModelFace, TensorFace } from './model-face.js';
import { classCountOf, requestedNames } from './requested-outputs.js';
import { type Urgency, urgencyOf } from './request-parameters.js';

/** Who waits for the answer, as the batch gate asks. */
class RequestCaller {
  constructor(
    private readonly caller: InferCaller,
    readonly deadline: number | undefined,
    readonly priority: number,
  ) {}

  get aborted(): boolean {
    return this.caller.aborted ?? this.caller.signal?.aborted ?? false;
  }

  get context(): Context | undefined {
    return this.caller.context;
  }

  get phases(): RequestPhases | undefined {
    return this.caller.phases;
  }

  get signal(): AbortSignal | undefined {
    return this.caller.signal;
  }
}

/** Checks a request against a model, runs it (with the rows of other callers where the model takes rows), and names what came out. */
export async function runRequest(
  face: ModelFace,
  request: InferRequest,
  caller: InferCaller,
  now: number,
  maxRows: number,
  /** Whoever chose the model has told the request's Context. */
  isNoted = false,
): Promise<InferResponse> {
  const urgency = urgencyOf(request.parameters, caller, now);
  const names = requestedNames(face, request.outputs);
  const tensors = checkedInputs(face, request.inputs, maxRows);
  const { model } = face;
  if (!isNoted) caller.context?.noteModel(model.useAs(request.version));
  caller.rows?.(face.batched ? (tensors[0]?.dims[0] ?? 0) : 1);
  let outputs: InferTensor[];
  try {
    outputs = face.batched
      ? outputsOfFrame(face, names, await runRows(face, tensors, names, caller, urgency))
      : outputsOfTensors(face, names, await runAlone(face, tensors, names, caller, urgency));
  } catch (error) {
    throw urgency.ownTimeout && WitanError.is(error) && error.code === 'CORE_ERR_DEADLINE' ? timedOut(error) : error;
  }
  return {
    model: model.name,
    version: model.version,
    id: request.id,
    outputs: request.outputs ? asClasses(face, outputs, request) : outputs,
  };
}

function runRows(
  face: ModelFace,
  tensors: readonly Tensor[],
  names: readonly string[],
  caller: InferCaller,
  { deadline, priority }: Urgency,
): Promise<Frame> {
  const columns = new Map<string, Column>();
  for (let i = 0; i < tensors.length; i++) {
    const { dtype, dims, data } = tensors[i]!;
    columns.set(face.inputs[i]!.name, new Column({ dtype, shape: dims.slice(1), length: dims[0]!, data }));
  }
  return face.model.run(new Frame(columns), optionsOf(face, names, new RequestCaller(caller, deadline, priority)));
}

function runAlone(
  face: ModelFace,
  tensors: readonly Tensor[],
  names: readonly string[],
  caller: InferCaller,
  { deadline, priority }: Urgency,
): Promise<TensorMap> {
  const feeds: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>;
  for (let i = 0; i < tensors.length; i++) feeds[face.inputs[i]!.name] = tensors[i]!;
  return face.model.runTensors(feeds, optionsOf(face, names, new RequestCaller(caller, deadline, priority)));
}

function optionsOf(face: ModelFace, names: readonly string[], caller: RequestCaller): ModelRunOptions {
  return {
    // It has what a gate looks at of a Context.
    context: caller as unknown as ModelRunOptions['context'],
    signal: caller.signal,
    ...(names !== face.outputNames && { outputs: names }),
  };
}

function outputsOfFrame(face: ModelFace, names: readonly string[], frame: Frame): InferTensor[] {
  return names.map((name) => {
    const output = outputNamed(face, name);
    const column = frame.columns.get(name)!;
    const data = output.dtype === 'utf8' ? column.strings() : (column.data as InferTensor['data']);
    return { name, datatype: output.datatype, shape: shapeOf(output, column), data };
  });
}

/** A column of `[N, 1]` looks like one of `[N]`: the model's signature tells them apart. */
function shapeOf(output: TensorFace, { length, shape }: Column): number[] {
  if (shape.length === 0 && output.shape.length === 2) return [length, 1];
  return [length, ...shape];
}

function outputsOfTensors(face: ModelFace, names: readonly string[], tensors: TensorMap): InferTensor[] {
  return names.map((name) => {
    const { dims, data } = tensors[name]!;
    return { name, datatype: outputNamed(face, name).datatype, shape: dims, data };
  });
}

function outputNamed(face: ModelFace, name: string): TensorFace {
  return face.outputs[face.outputNames.indexOf(name)]!;
}

function asClasses(face: ModelFace, outputs: readonly InferTensor[], request: InferRequest): readonly InferTensor[] {
  const counts = new Map<string, number>();
  for (const { name, parameters } of request.outputs!) {
    const count = classCountOf(name, parameters);
    if (count !== undefined) counts.set(name, count);
  }
  if (counts.size === 0) return outputs;
  return outputs.map((output) => {
    const count = counts.get(output.name);
    if (count === undefined) return output;
    return classesOf(output, count, face.batched, outputNamed(face, output.name).labels);
  });
}

function timedOut(cause: WitanError): WitanError {
  return oipError('OIP_ERR_TIMEOUT', `Request timeout expired: ${cause.message}`, { cause });
}
