import { Frame } from '../frame/frame.js';
import { conformFrame, conformRecords } from '../schema/conform.js';
import type { SchemaSpec } from '../schema/spec.js';
import { isStream } from '../service/stream.js';
import { handlerError } from './handler.errors.js';
import { Answer } from './answer.js';

/**
 * A handler's Frame or records as a Frame of its output schema.
 * @throws {CORE_ERR_OUTPUT_SCHEMA} when they break it
 * @throws {CORE_ERR_HANDLER_RESULT} when they are neither
 */
export function frameOfResult(value: unknown, output: SchemaSpec | undefined, handler: string): Frame {
  if (value instanceof Frame) return output ? conformFrame(output, named(output, value), { role: 'output' }) : value;
  if (Array.isArray(value))
    return output ? conformRecords(output, value, { role: 'output' }) : Frame.fromRecords(value);
  const seen =
    value instanceof Answer ? 'an Answer' : isStream(value) ? 'a stream' : value === null ? 'null' : typeof value;
  throw handlerError(
    'CORE_ERR_HANDLER_RESULT',
    `${handler} gave ${seen}: it must give a Frame or an array of records here`,
  );
}

/** A single column is the schema's single column, whatever its name: models name their outputs as they like. */
function named(output: SchemaSpec, frame: Frame): Frame {
  if (output.columns.length !== 1 || frame.columns.size !== 1) return frame;
  const { name } = output.columns[0]!;
  if (frame.columns.has(name)) return frame;
  const [column] = frame.columns.values();
  return new Frame([[name, column!]], frame.rows);
}

/** The Frames of a handler's stream, each checked against its output schema. */
export async function* framesOfStream(
  stream: AsyncIterable<unknown>,
  output: SchemaSpec | undefined,
  handler: string,
): AsyncGenerator<Frame> {
  for await (const value of stream) yield frameOfResult(value, output, handler);
}
