import {
  Column,
  type ColumnData,
  type DictionaryData,
  isDictionary,
  type ListData,
  type NumericArray,
} from './column.js';

/** The same column in storage of its own: nothing of the larger one that it was cut from stays alive. */
export function compactColumn(column: Column): Column {
  return new Column({
    dtype: column.dtype,
    shape: column.shape,
    length: column.length,
    data: compactData(column),
    validity: column.validity?.slice(),
  });
}

function compactData({ data, length, dtype }: Column): ColumnData {
  if (ArrayBuffer.isView(data)) return own(data as NumericArray);
  if (dtype.kind === 'binary') return (data as readonly Uint8Array[]).map((bytes) => new Uint8Array(bytes));
  if (dtype.kind === 'utf8') return isDictionary(data) ? usedPart(data) : (data as readonly string[]).map(ownText);
  const { offsets, values } = data as ListData;
  const start = offsets[0]!;
  return {
    offsets: offsets.map((offset) => offset - start),
    values: compactColumn(values.slice(start, offsets[length]!)),
  };
}

/** A copy that spans its buffer; `slice` of a Buffer would be a view again. */
function own(data: NumericArray): NumericArray {
  return data instanceof Uint8Array ? new Uint8Array(data) : data.slice();
}

/** A string cut from a larger one keeps it alive; a round trip through bytes does not. */
function ownText(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf16le').toString('utf16le');
}

/** Only the values that a code names, in order of first use. */
function usedPart({ codes, values }: DictionaryData): DictionaryData {
  const newCode = new Map<number, number>();
  const used: string[] = [];
  const renamed = codes.map((code) => {
    let next = newCode.get(code);
    if (next === undefined) {
      next = used.length;
      newCode.set(code, next);
      used.push(ownText(values[code] ?? ''));
    }
    return next;
  });
  return { codes: renamed, values: used };
}
