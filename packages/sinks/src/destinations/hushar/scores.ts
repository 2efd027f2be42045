import { type Column, columnOf, type Frame, fromFloat16Bits, type ListData } from '@witan/core/frame';

/** Gives a row's numbers to be added to its scores. */
export type ScoreReader = (row: number, into: number[]) => void;

/** What Hushar calls scores: the numbers of the numeric columns, one column after the other. */
export function scoreReaders(output: Frame): ScoreReader[] {
  return Array.from(output.columns.values(), scoreReader).filter((read) => read !== undefined);
}

/** The scores of every row as one column. */
export function scoresColumn(output: Frame): Column {
  const readers = scoreReaders(output);
  const rows = Array.from({ length: output.rows }, (_, row) => {
    const numbers: number[] = [];
    for (const read of readers) read(row, numbers);
    return Float32Array.from(numbers);
  });
  return columnOf('list<f32>', rows);
}

/** `undefined` for a column that holds no numbers. A null is no score, and would shift those behind it: it is NaN. */
function scoreReader(column: Column): ScoreReader | undefined {
  if (column.dtype.kind === 'list') {
    const { offsets, values } = column.data as ListData;
    const read = numberReader(values);
    return read && ((row, into) => pushRange(read, offsets[row]!, offsets[row + 1]!, into));
  }
  const read = numberReader(column);
  const { size } = column;
  return (
    read &&
    ((row, into) => {
      if (column.isNull(row)) for (let i = 0; i < size; i++) into.push(NaN);
      else pushRange(read, row * size, (row + 1) * size, into);
    })
  );
}

function pushRange(read: (index: number) => number, start: number, end: number, into: number[]): void {
  for (let i = start; i < end; i++) into.push(read(i));
}

function numberReader({ dtype, data }: Column): ((index: number) => number) | undefined {
  if (dtype.kind === 'utf8' || dtype.kind === 'binary') return undefined;
  if (dtype.kind === 'f16') return (index) => fromFloat16Bits((data as Uint16Array)[index]!);
  return (index) => Number((data as Float32Array)[index]);
}
