import { inferenceError } from '../inference.errors.js';
import { FileWindow, WINDOW_BYTES } from './file-window.js';
import { type FieldHeader, groupDepth, MAX_HEADER_BYTES, readHeader } from './field-header.js';
import { textOf } from './wire.js';

/** A message of onnx.proto on the way to external data: the fields that lead there, by number. */
interface Kind {
  readonly fields: ReadonlyMap<number, () => Kind>;
}

function kind(fields: Readonly<Record<number, () => Kind>>): Kind {
  return { fields: new Map(Object.entries(fields).map(([number, to]) => [Number(number), to])) };
}

/** Field numbers of onnx.proto: everywhere a TensorProto can be, and so a weight file be named. */
const ENTRY: Kind = kind({});
const TENSOR: Kind = kind({ 13: () => ENTRY });
const SPARSE_TENSOR: Kind = kind({ 1: () => TENSOR, 2: () => TENSOR });
const ATTRIBUTE: Kind = kind({
  5: () => TENSOR,
  6: () => GRAPH,
  10: () => TENSOR,
  11: () => GRAPH,
  22: () => SPARSE_TENSOR,
  23: () => SPARSE_TENSOR,
});
const NODE: Kind = kind({ 5: () => ATTRIBUTE });
const GRAPH: Kind = kind({ 1: () => NODE, 5: () => TENSOR, 15: () => SPARSE_TENSOR });
const TRAINING: Kind = kind({ 1: () => GRAPH, 2: () => GRAPH });
const FUNCTION: Kind = kind({ 7: () => NODE, 11: () => ATTRIBUTE });
const MODEL: Kind = kind({ 7: () => GRAPH, 20: () => TRAINING, 25: () => FUNCTION });

const KEY = 1;
const VALUE = 2;
/** protobuf's own limit. */
const MAX_DEPTH = 100;

/**
 * The distinct `location`s of external data anywhere in a model: initializers, attributes, subgraphs, functions. Of a
 * large file only the headers are read. None for bytes that are no protobuf: loading tells better what is wrong.
 * @throws {INF_ERR_EXTERNAL_DATA} when messages nest too deep to look into all of them
 */
export async function externalLocationsOf(path: string): Promise<string[]> {
  const file = await FileWindow.open(path);
  const locations = new Set<string>();
  try {
    await new LocationScan(file, locations).scan(MODEL, 0, file.size, 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [];
  } finally {
    await file.close();
  }
  return [...locations];
}

class LocationScan {
  constructor(
    private readonly file: FileWindow,
    private readonly found: Set<string>,
  ) {}

  /** A message of any length. */
  async scan(kind: Kind, from: number, to: number, depth: number): Promise<void> {
    if (kind === ENTRY) throw unlikely(`an entry of external data has ${to - from} bytes`);
    let groups = 0;
    for (let at = from; at < to;) {
      const start = this.file.slice(at, Math.min(at + MAX_HEADER_BYTES, to));
      const header = moved(readHeader(start instanceof Uint8Array ? start : await start, 0), at);
      const child = childOf(kind, header, groups, to);
      if (child && header.to - header.from > WINDOW_BYTES)
        await this.scan(child, header.from, header.to, deeper(depth));
      else if (child) {
        const bytes = this.file.slice(header.from, header.to);
        this.walk(child, bytes instanceof Uint8Array ? bytes : await bytes, deeper(depth));
      }
      groups = groupDepth(groups, header);
      at = header.to;
    }
  }

  /** A message in memory. */
  private walk(kind: Kind, bytes: Uint8Array, depth: number): void {
    if (kind === ENTRY) return this.take(bytes);
    let groups = 0;
    for (let at = 0; at < bytes.length;) {
      const header = readHeader(bytes, at);
      const child = childOf(kind, header, groups, bytes.length);
      if (child) this.walk(child, bytes.subarray(header.from, header.to), deeper(depth));
      groups = groupDepth(groups, header);
      at = header.to;
    }
  }

  /** Of a field that is there several times protobuf takes the last; all of them are looked at. */
  private take(entry: Uint8Array): void {
    const texts = textsOf(entry);
    if (!texts.some(({ number, text }) => number === KEY && text === 'location')) return;
    const values = texts.filter(({ number }) => number === VALUE);
    for (const { text } of values.length > 0 ? values : [{ text: '' }]) this.found.add(text);
  }
}

function textsOf(message: Uint8Array): { number: number; text: string }[] {
  const texts = [];
  let groups = 0;
  for (let at = 0; at < message.length;) {
    const header = readHeader(message, at);
    if (header.to > message.length) throw endsInside();
    if (groups === 0 && header.wireType === 2) {
      texts.push({ number: header.number, text: textOf(message.subarray(header.from, header.to)) });
    }
    groups = groupDepth(groups, header);
    at = header.to;
  }
  return texts;
}

function childOf(kind: Kind, header: FieldHeader, groups: number, end: number): Kind | undefined {
  if (header.to > end) throw endsInside();
  return groups === 0 && header.wireType === 2 ? kind.fields.get(header.number)?.() : undefined;
}

function moved({ number, wireType, from, to }: FieldHeader, by: number): FieldHeader {
  return { number, wireType, from: from + by, to: to + by };
}

function deeper(depth: number): number {
  if (depth < MAX_DEPTH) return depth + 1;
  throw unlikely(`subgraphs nest deeper than ${MAX_DEPTH} messages`);
}

/** No model is made so: it would hide a location. */
function unlikely(what: string): Error {
  return inferenceError('INF_ERR_EXTERNAL_DATA', `the model is refused: ${what}`);
}

function endsInside(): RangeError {
  return new RangeError('not a protobuf message: it ends inside a field');
}
