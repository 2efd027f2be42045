import type { ModelSignature, ServedModel, TensorMap, Vectorizer } from '@witan/inference';
import { type Column, type Frame, fromFloat16Bits } from '@witan/core/frame';
import { husharError } from './hushar.errors.js';
import type { HusharOptions } from './hushar-options.js';
import { type DecodedRequest, RequestDecoder } from './request-decoder.js';

export const DEFAULT_MAX_ROWS = 1_000_000;
export const DEFAULT_MAX_DECODED_BYTES = 256 * 1024 * 1024;

/** One version of the model, checked, with the decoder of its requests. */
export class HusharBinding {
  readonly decoder: RequestDecoder;
  /** The model's one input. */
  readonly input: string;
  /** The model would take a column of its input's name for a feature, which it turns into numbers itself; not so a tensor. */
  private readonly isFeature: boolean;
  /** The output with the scores. */
  readonly output: string;
  /** What is asked of the model: nothing where it has but one output, so that all of its callers share batches. */
  readonly outputs: readonly string[] | undefined;

  /** @throws {HUSHAR_ERR_MODEL} */
  constructor(
    readonly model: ServedModel,
    readonly vectorizer: Vectorizer,
    options: HusharOptions,
  ) {
    const who = `model '${model.name}' version ${model.version}`;
    this.input = inputOf(model.signature, vectorizer, who);
    this.isFeature = model.vectorizer !== undefined && model.vectorizer.features.includes(this.input);
    this.output = outputOf(model.signature, options.output, who);
    this.outputs = model.signature.outputs.length > 1 ? [this.output] : undefined;
    const { maxRows = DEFAULT_MAX_ROWS, maxDecodedBytes = DEFAULT_MAX_DECODED_BYTES } = options;
    this.decoder = new RequestDecoder(vectorizer, { maxRows, maxDecodedBytes });
  }

  /** The rows as the model takes them. */
  inputOf({ values, rows }: DecodedRequest): Frame | TensorMap {
    if (!this.isFeature) return this.vectorizer.inputOf(values, this.input);
    return { [this.input]: { dtype: 'f32', dims: [rows, this.vectorizer.width], data: values } };
  }

  /** The scores, row after row, and how many a row has. */
  scoresOf(answer: Frame): { readonly scores: Float32Array; readonly count: number } {
    const column = answer.column(this.output);
    return { scores: floatsOf(column), count: column.size };
  }
}

function inputOf({ inputs }: ModelSignature, vectorizer: Vectorizer, who: string): string {
  const [input] = inputs;
  const fits = inputs.length === 1 && input!.dtype === 'f32' && input!.dims.length === 2;
  if (!fits) throw husharError('HUSHAR_ERR_MODEL', `${who}: Hushar needs one input, float32 [N, width]`);
  const width = input!.dims[1];
  if (width === null || width === vectorizer.width) return input!.name;
  const text = `${who}: its input takes ${width} numbers a row, the vectorization gives ${vectorizer.width}`;
  throw husharError('HUSHAR_ERR_MODEL', text);
}

function outputOf({ outputs }: ModelSignature, wanted: string | undefined, who: string): string {
  const output = wanted === undefined ? outputs[0] : outputs.find(({ name }) => name === wanted);
  const known = outputs.map(({ name }) => name).join(', ') || 'none';
  if (!output) throw husharError('HUSHAR_ERR_MODEL', `${who} has no output '${wanted ?? ''}': there are ${known}`);
  if (output.dtype !== 'utf8' && output.dims.length >= 1 && output.dims.length <= 2) return output.name;
  const text = `${who}: the output '${output.name}' gives no numbers [N] or [N, k]; 'output' chooses another of ${known}`;
  throw husharError('HUSHAR_ERR_MODEL', text);
}

function floatsOf(column: Column): Float32Array {
  const { data } = column;
  if (data instanceof Float32Array) return data;
  if (column.dtype.kind === 'f16') return Float32Array.from(data as Uint16Array, fromFloat16Bits);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}
