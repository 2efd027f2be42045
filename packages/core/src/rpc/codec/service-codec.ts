import type { Frame } from '../../frame/frame.js';
import type { ServiceDefinition } from '../../service/runtime.js';
import { planFields } from '../proto/field-plan.js';
import { LENGTH } from '../proto/scalar-type.js';
import { ARROW_FIELD, ROWS_FIELD } from '../proto/service-file.js';
import { rpcError } from '../rpc.errors.js';
import { FrameDecoder } from './decode-frame.js';
import { FrameEncoder } from './encode-frame.js';
import { type CodecLimits, DEFAULT_CODEC_LIMITS, type FramePorts } from './frame-ports.js';
import { ProtoReader } from './proto-reader.js';
import { ProtoWriter } from './proto-writer.js';
import { type RequestEnvelope, type RowsForm, scanRequest } from './request-envelope.js';
import { readStruct, writeStruct } from './struct-codec.js';
import { schemaError } from '../../schema/schema.errors.js';

/** One request message, opened: its parameters at once, its Frame when asked for. */
export interface OpenRequest {
  readonly form: RowsForm;
  readonly params: Readonly<Record<string, string>>;
  /** Decodes and validates the rows. */
  read(): Frame;
}

// Encoding never yields, so all services of a thread share one scratch buffer.
const writer = new ProtoWriter();

/** The wire format of one service: request bytes to Frame, Frame to response bytes. */
export class ServiceCodec {
  private readonly decoder: FrameDecoder | undefined;
  private readonly encoder: FrameEncoder | undefined;

  /** @throws {CORE_ERR_PROTO_SCHEMA} when the service's schemas have no protobuf form */
  constructor(
    private readonly definition: ServiceDefinition,
    private readonly ports: FramePorts,
    private readonly limits: CodecLimits = DEFAULT_CODEC_LIMITS,
  ) {
    const { input, output } = definition;
    this.decoder = input && new FrameDecoder(planFields(input), limits);
    this.encoder = output && new FrameEncoder(planFields(output), output.name);
  }

  /**
   * @throws {CORE_ERR_PROTO_MALFORMED}
   * @throws {CORE_ERR_PROTO_FORM}
   * @throws {CORE_ERR_PROTO_PARAM}
   */
  open(message: Buffer): OpenRequest {
    const reader = new ProtoReader(message);
    const envelope = scanRequest(reader, this.definition.params.length, this.decoder !== undefined);
    return { form: envelope.form, params: this.paramsOf(envelope), read: () => this.read(reader, envelope) };
  }

  /** The response message, in the form of the request; an untyped answer to a columns request goes as Arrow. */
  encode(frame: Frame, form: RowsForm): Buffer {
    try {
      if (form === 'arrow' || (form === 'columns' && !this.encoder)) this.writeArrow(frame);
      else if (!this.encoder) writeStructs(frame);
      else if (form === 'rows') this.encoder.rows(writer, frame);
      else this.encoder.columns(writer, frame);
      return writer.finish();
    } catch (error) {
      writer.reset();
      throw error;
    }
  }

  private read(reader: ProtoReader, { form, spans }: RequestEnvelope): Frame {
    const { input } = this.definition;
    if (form === 'arrow') {
      const frame = this.ports.decodeArrow(reader.bytes.subarray(spans[0], spans[1]), this.limits);
      return input ? this.ports.conform(input, frame, this.limits) : frame;
    }
    if (!this.decoder) return this.readStructs(reader, spans);
    const frame =
      form === 'rows' ? this.decoder.rows(reader, spans) : this.decoder.columns(reader, spans[0]!, spans[1]!);
    return this.ports.conform(input!, frame, this.limits);
  }

  private readStructs(reader: ProtoReader, spans: readonly number[]): Frame {
    const rows = spans.length / 2;
    const { maxRows } = this.limits;
    if (rows > maxRows)
      throw schemaError(
        'CORE_ERR_ROWS_LIMIT',
        `the request has ${rows} rows, the limit is ${maxRows} (grpc.maxRows): split it`,
      );
    const records: object[] = [];
    for (let i = 0; i < spans.length; i += 2) {
      reader.pos = spans[i]!;
      reader.limit = spans[i + 1]!;
      records.push(readStruct(reader));
    }
    return this.ports.fromRecords(records, this.limits);
  }

  private writeArrow(frame: Frame): void {
    writer.block(this.ports.encodeArrow(frame));
    writer.uint32(ARROW_FIELD * 8 + LENGTH);
  }

  private paramsOf({ params }: RequestEnvelope): Record<string, string> {
    const named: Record<string, string> = {};
    for (const [index, { name, in: place }] of this.definition.params.entries()) {
      const value = params[index];
      if (value !== undefined && (value !== '' || place === 'query')) named[name] = value;
      else if (place === 'path')
        throw rpcError('CORE_ERR_PROTO_PARAM', `the parameter '${name}' (field ${index + 1}) is missing`);
    }
    return named;
  }
}

function writeStructs(frame: Frame): void {
  const records = frame.records();
  for (let row = records.length - 1; row >= 0; row--) {
    const mark = writer.length;
    writeStruct(writer, records[row]!);
    writer.uint32(writer.length - mark);
    writer.uint32(ROWS_FIELD * 8 + LENGTH);
  }
}
