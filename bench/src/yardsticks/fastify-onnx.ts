// The least that answers the protocol's JSON: Fastify parses the body, onnxruntime runs it, and the answer is JSON.
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { WORKLOADS_FOLDER } from '../paths.js';
import { announce } from '../process/control.js';

interface Body {
  readonly inputs: readonly { readonly name: string; readonly shape: number[]; readonly data: number[] }[];
}

const server = fastify({ bodyLimit: 1 << 26 });
for (const name of ['w1', 'w3']) {
  const options: InferenceSession.SessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await InferenceSession.create(`${WORKLOADS_FOLDER}${name}/model.onnx`, options);
  server.post(`/${name}`, async (request) => {
    const [input] = (request.body as Body).inputs;
    const { name: of, shape, data } = input!;
    const { output } = await session.run({ [of]: new Tensor('float32', Float32Array.from(data), shape) });
    const outputs = [
      { name: 'output', datatype: 'FP32', shape: output!.dims, data: Array.from(output!.data as Float32Array) },
    ];
    return { model_name: name, model_version: '1', outputs };
  });
}
await server.listen({ port: 0, host: '127.0.0.1' });
announce({ http: (server.server.address() as AddressInfo).port });
process.once('SIGTERM', () => process.exit());
