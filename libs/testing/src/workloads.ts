import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A row of a workload: its id, and its features as they stand in JSON. */
export interface WorkloadRow {
  readonly row_id: string;
  readonly features: Readonly<Record<string, number | string>>;
}

/** One of `bench/workloads`: a model, a vectorization config, a request and its scores; see the README there. */
export interface VectorWorkload {
  readonly modelPath: string;
  readonly vectorizationPath: string;
  readonly requestId: string;
  readonly rows: readonly WorkloadRow[];
  /** The same request as a Hushar message. */
  readonly message: Buffer;
  /** onnxruntime's scores: compare to 1e-5. */
  readonly scores: readonly (readonly number[])[];
}

/** `w1`: 16 floats; `w3`: 50 features of all kinds, 32 rows. */
export function vectorWorkload(name: 'w1' | 'w3'): VectorWorkload {
  const path = (file: string): string =>
    fileURLToPath(new URL(`../../../bench/workloads/${name}/${file}`, import.meta.url));
  const json = <T>(file: string): T => JSON.parse(readFileSync(path(file), 'utf8')) as T;
  const { request_id: requestId, inputs: rows } = json<{ request_id: string; inputs: WorkloadRow[] }>('rows.json');
  return {
    modelPath: path('model.onnx'),
    vectorizationPath: path('vectorization.json'),
    requestId,
    rows,
    message: readFileSync(path('request.pb')),
    scores: json<{ scores: number[][] }>('expected.json').scores,
  };
}
