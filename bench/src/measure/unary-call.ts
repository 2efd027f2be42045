import { Client, credentials } from '@grpc/grpc-js';

/** One gRPC call on bytes. @throws grpc-js's error when the call fails */
export function unaryCall(address: string, method: string, message: Buffer): Promise<Buffer> {
  const client = new Client(address, credentials.createInsecure());
  const asItIs = (bytes: Buffer): Buffer => bytes;
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(`/${method}`, asItIs, asItIs, message, (error, answer) => {
      if (error) reject(error);
      else resolve(answer!);
    });
  }).finally(() => client.close());
}
