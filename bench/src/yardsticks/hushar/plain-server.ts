// A workload behind the framing above: the plain decoder, onnxruntime, and nothing else.
import { announce } from '../../process/control.js';
import { husharWorkload, type HusharWorkloadName } from '../../workloads/hushar.js';
import { serveFramed } from './framed-server.js';
import { PlainModel } from './plain-model.js';

const model = await PlainModel.open(husharWorkload(process.env['WORKLOAD'] as HusharWorkloadName));
announce({ grpc: await serveFramed((message) => model.answer(message)) });
process.once('SIGTERM', () => process.exit());
