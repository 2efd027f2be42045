import { readFileSync } from 'node:fs';
import { W1_FOLDER } from '../paths.js';
import { float } from './proto-bytes.js';
import { type Workload, workload } from './request.js';

interface RowsFile {
  readonly inputs: readonly { readonly features: Readonly<Record<string, number>> }[];
}

const read = (name: string): unknown => JSON.parse(readFileSync(`${W1_FOLDER}${name}`, 'utf8'));

export const W1_MODEL = `${W1_FOLDER}model.onnx`;
export const W1_COLUMNS = 16;

/** The record of 16 floats that every server of the comparison was sent. */
export const w1Record = (): Readonly<Record<string, number>> => (read('rows.json') as RowsFile).inputs[0]!.features;

export const w1Expected = (): number => (read('expected.json') as { scores: number[][] }).scores[0]![0]!;

export function w1(): Workload {
  const record = w1Record();
  return workload(
    'w1',
    record,
    Object.values(record).map((value, index) => float(index + 1, value)),
  );
}
