import { JsonTextWriter, SCALAR_BYTES } from '@witan/core/frame';
import { decodeRecord, type RecordSpan, wholeSpans } from '../../record/record-decoder.js';
import {
  HAS_ERROR,
  HAS_INPUT,
  HAS_OUTPUT,
  HAS_PHASES,
  HAS_RAW,
  HEAD_BYTES,
  KINDS,
  TEXTS,
} from '../../record/record-encoder.js';
import { jsonLine, timeText } from '../layout/json-line.js';
import { FrameText } from './frame-text.js';

const NEWLINE = 0x0a;
const CLOSE = 0x7d;
/** Records with any of these are rare: they take the way through objects. */
const RARE = HAS_ERROR | HAS_PHASES | HAS_RAW;

const literal = (text: string): Buffer => Buffer.from(text);
const ID = literal('{"id":');
const REQUEST_ID = literal(',"requestId":');
const TIME = literal(',"time":');
const EPOCH = literal(',"epochMs":');
const KIND = KINDS.map((kind) => literal(`,"kind":"${kind}"`));
const POINT = literal(',"point":');
const SERVICE = literal(',"service":');
const OPTIONAL = TEXTS.map((name) => literal(`,"${name}":`));
const DURATION = literal(',"durationMs":');
const TYPES_INPUT = literal(',"types":{"input":');
const TYPES_OUTPUT = literal(',"types":{"output":');
const AND_OUTPUT = literal(',"output":');
const INPUT = literal(',"input":');

/** Lines of NDJSON made of records in their binary form: what `jsonLine` writes, at a fifth of its cost. */
export class RecordLines {
  private readonly out = new JsonTextWriter();
  private readonly frames = new FrameText(this.out);
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  /** Where texts begin and end: id, request id, point, service, then TEXTS; 0: not there. */
  private readonly starts = new Int32Array(4 + TEXTS.length);
  private readonly ends = new Int32Array(4 + TEXTS.length);

  /** The spans of whole records in `bytes`, which lines are of from now on. */
  of(bytes: Buffer): RecordSpan[] {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.frames.of(bytes);
    return wholeSpans(bytes).spans;
  }

  /** When its request came. */
  epochMsOf({ start }: RecordSpan): number {
    this.at = start + HEAD_BYTES;
    this.varint();
    this.at++;
    this.text(0);
    this.text(1);
    return this.view.getFloat64(this.at, true);
  }

  /** Adds a record's line to the text. */
  add(span: RecordSpan): void {
    if (!this.quick(span)) {
      const line = Buffer.from(`${jsonLine(decodeRecord(this.bytes, span))}\n`);
      this.out.reserve(line.length + SCALAR_BYTES);
      this.out.literal(line);
      this.out.notAscii();
    }
  }

  /** The lines so far. */
  take(): string {
    return this.out.take();
  }

  private quick({ start }: RecordSpan): boolean {
    this.at = start + HEAD_BYTES;
    const flags = this.varint();
    if (flags & RARE) return false;
    const kind = this.bytes[this.at++]!;
    this.text(0);
    this.text(1);
    const epochMs = this.view.getFloat64(this.at, true);
    const durationMs = this.view.getFloat64(this.at + 8, true);
    if (!(Math.abs(epochMs) < 8e15) || !Number.isFinite(durationMs)) return false;
    this.at += 16;
    this.text(2);
    this.text(3);
    for (let i = 0; i < TEXTS.length; i++)
      if (flags & (1 << i)) this.text(4 + i);
      else this.starts[4 + i] = 0;
    const input = flags & HAS_INPUT ? this.frames.find(this.at) : undefined;
    if (flags & HAS_INPUT && !input) return false;
    const output = flags & HAS_OUTPUT ? this.frames.find(input?.end ?? this.at) : undefined;
    if (flags & HAS_OUTPUT && !output) return false;
    this.facts(kind, epochMs, durationMs);
    const { out } = this;
    if (input) this.literal(TYPES_INPUT, input.layout.types);
    if (output) this.literal(input ? AND_OUTPUT : TYPES_OUTPUT, output.layout.types);
    if (input || output) out.byte(CLOSE);
    if (input) {
      this.literal(INPUT);
      this.frames.write(input);
    }
    if (output) {
      this.literal(AND_OUTPUT);
      this.frames.write(output);
    }
    out.reserve(SCALAR_BYTES);
    out.byte(CLOSE);
    out.byte(NEWLINE);
    return true;
  }

  private facts(kind: number, epochMs: number, durationMs: number): void {
    const { out } = this;
    this.member(ID, 0);
    this.member(REQUEST_ID, 1);
    this.member(OPTIONAL[0]!, 4);
    this.literal(TIME);
    out.text(this.timeOf(epochMs));
    this.literal(EPOCH);
    out.f64(epochMs);
    this.literal(KIND[kind]!);
    this.member(POINT, 2);
    this.member(SERVICE, 3);
    for (let i = 1; i < TEXTS.length; i++) this.member(OPTIONAL[i]!, 4 + i);
    this.literal(DURATION);
    out.f64(durationMs);
  }

  private lastMs = NaN;
  private lastTime = '';

  /** Those of one millisecond have one text. */
  private timeOf(epochMs: number): string {
    const ms = Math.trunc(epochMs);
    if (ms === this.lastMs) return this.lastTime;
    this.lastMs = ms;
    return (this.lastTime = timeText(ms)!);
  }

  /** With room behind it for a number. */
  private literal(first: Uint8Array, second?: Uint8Array): void {
    this.out.reserve(first.length + (second?.length ?? 0) + 2 * SCALAR_BYTES);
    this.out.literal(first);
    if (second) this.out.literal(second);
  }

  private member(name: Uint8Array, i: number): void {
    const start = this.starts[i]!;
    if (start === 0) return;
    this.literal(name);
    this.out.utf8(this.bytes, start, this.ends[i]!);
  }

  private text(i: number): void {
    const length = this.varint();
    this.starts[i] = this.at;
    this.at += length;
    this.ends[i] = this.at;
  }

  private varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
}
