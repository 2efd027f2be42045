import { readFileSync, writeFileSync } from 'node:fs';
import { dataFile, WORKLOADS_FOLDER } from '../paths.js';
import { block, float, grpcFrame } from './proto-bytes.js';
import { ensureW2Model, W2_COLUMNS, w2Row } from './w2.js';

export type HusharWorkloadName = 'w1' | 'w2' | 'w3';

/** A model with its vectorization config, and one request for it as a Hushar message. */
export interface HusharWorkload {
  readonly modelPath: string;
  readonly vectorizationPath: string;
  readonly message: Buffer;
  /** The message behind its 5-byte header. */
  readonly grpcFile: string;
  readonly rows: number;
}

export function husharWorkload(name: HusharWorkloadName): HusharWorkload {
  if (name === 'w2') return w2Workload();
  const path = (file: string): string => `${WORKLOADS_FOLDER}${name}/${file}`;
  return {
    modelPath: path('model.onnx'),
    vectorizationPath: path('vectorization.json'),
    message: readFileSync(path('request.pb')),
    grpcFile: path('request.grpc'),
    rows: husharScores(name).length,
  };
}

/** onnxruntime's scores of the request, row by row. */
export function husharScores(name: 'w1' | 'w3'): readonly (readonly number[])[] {
  const file = readFileSync(`${WORKLOADS_FOLDER}${name}/expected.json`, 'utf8');
  return (JSON.parse(file) as { scores: number[][] }).scores;
}

/** W2 with 1000 features that are passed on as they are. */
function w2Workload(): HusharWorkload {
  const names = Array.from({ length: W2_COLUMNS }, (_, i) => `f${i}`);
  const transformations = names.map((name) => [name, { type: 'identity', default_val: [0] }] as const);
  const vectorizationPath = dataFile('w2.hushar.json');
  const config = { feature_transformations: Object.fromEntries(transformations), feature_order: names };
  writeFileSync(vectorizationPath, JSON.stringify(config));
  const row = w2Row();
  const features = names.map((name, i) => block(2, block(1, name), block(2, float(2, row[i]!))));
  const message = Buffer.concat([block(1, 'req-1'), block(2, block(1, 'row-0'), ...features)]);
  const grpcFile = dataFile('w2.hushar.grpc');
  writeFileSync(grpcFile, grpcFrame(message));
  return { modelPath: ensureW2Model(), vectorizationPath, message, grpcFile, rows: 1 };
}
