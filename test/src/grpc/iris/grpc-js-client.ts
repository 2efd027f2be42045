import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { join } from 'node:path';
import { ROOT } from '../../harness/repository.js';

export interface Row {
  readonly sepal_width?: number;
  readonly petal_length?: number;
  readonly petal_width?: number;
}

export interface Answer {
  readonly rows: readonly { readonly sepal_length: number }[];
}

type Call = grpc.ClientDuplexStream<{ rows: Row[] }, Answer>;

/** grpc-js's client, made from the .proto of apps/iris as users make it. */
export class IrisClient {
  private readonly stub: grpc.Client & {
    Predict(...args: unknown[]): grpc.ClientUnaryCall;
    PredictStream(metadata: grpc.Metadata, options: grpc.CallOptions): Call;
  };

  constructor(address: string, options: grpc.ClientOptions = {}) {
    const definition = loadSync(join(ROOT, 'apps', 'iris', 'witan.lock.proto'), { keepCase: true });
    const { iris } = grpc.loadPackageDefinition(definition) as unknown as {
      iris: { v1: { IrisService: new (...args: unknown[]) => IrisClient['stub'] } };
    };
    this.stub = new iris.v1.IrisService(address, grpc.credentials.createInsecure(), options);
  }

  predict(
    rows: readonly Row[],
    metadata = new grpc.Metadata(),
    options: grpc.CallOptions = {},
  ): Promise<{ error?: grpc.ServiceError; answer?: Answer; initial: grpc.Metadata }> {
    return new Promise((resolve) => {
      let initial = new grpc.Metadata();
      const done = (error: grpc.ServiceError | null, answer?: Answer): void =>
        resolve(error ? { error, initial } : { answer: answer!, initial });
      this.stub.Predict({ rows }, metadata, options, done).on('metadata', (seen: grpc.Metadata) => (initial = seen));
    });
  }

  stream(options: grpc.CallOptions = {}): Call {
    return this.stub.PredictStream(new grpc.Metadata(), options);
  }

  close(): void {
    this.stub.close();
  }
}
