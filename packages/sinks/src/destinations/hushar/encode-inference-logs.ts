import type { Frame } from '@witan/core/frame';
import type { LogRecord } from '../../sink/log-record.js';
import { type FeatureWriter, featureWriter } from './feature-writer.js';
import { ProtoWriter } from './proto-writer.js';
import { scoreReaders } from './scores.js';

/**
 * Records as one message `InferenceLogs` of the Hushar dialect: a batch for each record (request id, model), a row for
 * each row. Features are the input's columns, a null's is left out; scores are the numbers of the output's numeric
 * columns, one column after the other.
 * @param rowIdColumn its texts are the row ids, and it is no feature
 */
export function encodeInferenceLogs(records: readonly LogRecord[], rowIdColumn?: string): Buffer {
  const writer = new ProtoWriter();
  for (const record of records) writer.message(1, () => writeBatch(writer, record, rowIdColumn));
  return writer.bytes();
}

function writeBatch(writer: ProtoWriter, record: LogRecord, rowIdColumn: string | undefined): void {
  const { input, output } = record;
  writer.text(1, record.requestId);
  writer.text(2, modelId(record));
  const features = featuresOf(input, rowIdColumn);
  const ids = rowIdColumn === undefined ? undefined : input?.columns.get(rowIdColumn);
  const scores = output ? scoreReaders(output) : [];
  const rows = Math.max(input?.rows ?? 0, output?.rows ?? 0);
  for (let row = 0; row < rows; row++) {
    writer.message(3, () => {
      writer.text(1, ids && row < ids.length ? String(ids.get(row)) : String(row));
      if (input && row < input.rows) for (const write of features) write(writer, row);
      const numbers: number[] = [];
      if (output && row < output.rows) for (const read of scores) read(row, numbers);
      writer.packedFloats(3, numbers);
    });
  }
}

/** Hushar knows no versions: what differs has another id. */
function modelId({ model, version, point }: LogRecord): string {
  if (model === undefined) return point;
  return version === undefined ? model : `${model}@${version}`;
}

/** A map's entries: the name, then the value. */
function featuresOf(input: Frame | undefined, rowIdColumn: string | undefined): FeatureWriter[] {
  return Array.from(input?.columns ?? []).flatMap(([name, column]) => {
    if (name === rowIdColumn) return [];
    const write = featureWriter(column);
    return [
      (writer: ProtoWriter, row: number): void => {
        if (column.isNull(row)) return;
        writer.message(2, () => {
          writer.text(1, name);
          writer.message(2, () => write(writer, row));
        });
      },
    ];
  });
}
