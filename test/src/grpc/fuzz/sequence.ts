import {
  continuation,
  data,
  Flag,
  grpcMessage,
  headerBlock,
  type HeaderPair,
  headers,
  indexedField,
  indexedLiteral,
  ping,
  priority,
  requestHeaders,
  resetStream,
  Setting,
  settings,
  windowUpdate,
} from '@witan-libs/testing';
import { ECHO, STREAM } from '../attack/victim.js';
import type { Random } from './random.js';

/** What one client says on one connection, frame by frame, after the preface. */
export interface Sequence {
  readonly frames: readonly Buffer[];
  /** Streams that the client itself breaks off: their answers are anybody's guess. */
  readonly broken: ReadonlySet<number>;
  readonly streams: readonly number[];
}

const UNKNOWN = '/attack.Target/None';
/** Small enough for every window at its start. */
const MAX_TEXT = 3000;

/**
 * A valid conversation: some calls, their frames cut, padded and shuffled together as a client may do. Every message
 * names the connection and the stream that it belongs to.
 */
export function validSequence(random: Random, connection: number): Sequence {
  const frames: Buffer[] = [
    settings(random.once(2) ? [] : [[Setting.INITIAL_WINDOW_SIZE, 100_000 + random.below(100_000)]]),
  ];
  const table = new Table(random);
  const broken = new Set<number>();
  const open: Buffer[][] = [];
  const streams: number[] = [];
  const calls = 1 + random.below(6);
  for (let next = 0; next < calls || open.length > 0;) {
    if (next < calls && (open.length === 0 || random.once(3))) {
      const id = 1 + 2 * next++;
      streams.push(id);
      const path = random.of([ECHO, ECHO, STREAM, STREAM, UNKNOWN]);
      frames.push(...table.open(id, path));
      const rest = body(random, connection, id, path);
      if (random.once(8)) {
        broken.add(id);
        rest.splice(random.below(rest.length), rest.length, resetStream(id, random.below(14)));
      }
      open.push(rest);
      continue;
    }
    const at = random.below(open.length);
    frames.push(open[at]!.shift()!);
    if (open[at]!.length === 0) open.splice(at, 1);
    if (random.once(6))
      frames.push(random.of([ping(), windowUpdate(0, 1 + random.below(1000)), priority(1 + 2 * random.below(50))]));
  }
  return { frames, broken, streams };
}

/** Header blocks that use the dynamic table, as clients do. */
class Table {
  private readonly known = new Map<string, number>();
  private inserted = 0;

  constructor(private readonly random: Random) {}

  open(id: number, path: string): Buffer[] {
    const more: HeaderPair[] = this.random.once(2) ? [] : [['x-note', 'n'.repeat(this.random.below(200))]];
    const block = Buffer.concat(requestHeaders(path, more).map((pair) => this.field(pair)));
    if (!this.random.once(3)) return [headers(id, block)];
    // HEADERS and CONTINUATION follow each other: they are one piece here.
    const cut = this.random.below(block.length);
    const parts = [headers(id, block.subarray(0, cut), 0), continuation(id, block.subarray(cut), Flag.END_HEADERS)];
    return [Buffer.concat(parts)];
  }

  private field(pair: HeaderPair): Buffer {
    const key = pair.join(':');
    const index = this.known.get(key);
    if (index !== undefined) return indexedField(62 + this.inserted - 1 - index);
    if (this.random.once(2)) return headerBlock([pair]);
    this.known.set(key, this.inserted++);
    return indexedLiteral(pair);
  }
}

function body(random: Random, connection: number, id: number, path: string): Buffer[] {
  const count = path === STREAM ? random.below(5) : 1;
  const text = (n: number): string =>
    `<${connection}.${id}.${n}>${'x'.repeat(random.once(4) ? random.below(MAX_TEXT) : 0)}`;
  const bytes = Buffer.concat(Array.from({ length: count }, (_, n) => grpcMessage(Buffer.from(text(n)))));
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = random.once(2) ? bytes.length : Math.min(bytes.length, at + 1 + random.below(40));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  const padded = parts.map((part) => {
    if (!random.once(4)) return { part, flags: 0 };
    const padding = random.below(20);
    return { part: Buffer.concat([Buffer.from([padding]), part, Buffer.alloc(padding)]), flags: Flag.PADDED };
  });
  const frames = padded.map(({ part, flags }) => data(id, part, flags));
  const last = frames.at(-1);
  if (last && random.once(2)) last[4]! |= Flag.END_STREAM;
  else frames.push(data(id, Buffer.alloc(0), Flag.END_STREAM));
  return frames;
}
