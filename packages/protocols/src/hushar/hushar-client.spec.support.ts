import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { HUSHAR_PROTO } from './hushar-proto.js';

const root = protobuf.parse(HUSHAR_PROTO, { keepCase: true }).root;
export const InferenceRequest = root.lookupType('hushar.InferenceRequest');
export const InferenceResponse = root.lookupType('hushar.InferenceResponse');
const PATH = '/hushar.Hushar/InferenceService';

/** A DataType as protobufjs takes it: `{ float_value: 1 }`. */
export type FeatureValue = Readonly<Record<string, unknown>>;

export interface RequestRow {
  readonly row_id?: string;
  readonly features: Readonly<Record<string, FeatureValue>>;
}

export interface Answer {
  readonly request_id: string;
  readonly outputs: readonly { readonly row_id: string; readonly scores: readonly number[] }[];
}

export function messageOf(inputs: readonly RequestRow[], request_id = 'req'): Buffer {
  return Buffer.from(InferenceRequest.encode(InferenceRequest.fromObject({ request_id, inputs })).finish());
}

export function answerOf(message: Uint8Array): Answer {
  return InferenceResponse.toObject(InferenceResponse.decode(message), { defaults: true, arrays: true }) as Answer;
}

/** A caller with grpc-js and stubs of its own, as a client program has them. */
export class HusharClient {
  private readonly client: Client;

  constructor(address: string) {
    this.client = new Client(address, credentials.createInsecure());
  }

  /** Rejects with a ServiceError. */
  call(message: Buffer, metadata: Readonly<Record<string, string>> = {}, deadlineMs?: number): Promise<CallResult> {
    const sent = new Metadata();
    for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      let headers = new Metadata();
      const same = (bytes: Buffer): Buffer => bytes;
      const done = (error: ServiceError | null, answer?: Buffer): void =>
        error ? reject(error) : resolve({ ...answerOf(answer!), headers });
      this.client
        .makeUnaryRequest(PATH, same, same, message, sent, options, done)
        .on('metadata', (received: Metadata) => (headers = received));
    });
  }

  close(): void {
    this.client.close();
  }
}

export interface CallResult extends Answer {
  readonly headers: Metadata;
}
