import { writeFileSync } from 'node:fs';
import { dataFile } from '../paths.js';
import { block, grpcFrame } from './proto-bytes.js';

/** One request in both forms, with files for the load generators. */
export interface Workload {
  readonly json: string;
  readonly jsonFile: string;
  /** The `PredictRequest`. */
  readonly message: Buffer;
  readonly grpcFile: string;
}

/** `repeated Row rows = 16` of the generated services. */
const ROWS_FIELD = 16;

/** A request of one record; `row` is its protobuf form. */
export function workload(name: string, record: object, row: readonly Buffer[]): Workload {
  const json = JSON.stringify([record]);
  const message = block(ROWS_FIELD, ...row);
  const [jsonFile, grpcFile] = [dataFile(`${name}.json`), dataFile(`${name}.grpc`)];
  writeFileSync(jsonFile, json);
  writeFileSync(grpcFile, grpcFrame(message));
  return { json, jsonFile, message, grpcFile };
}
