import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The data sets of `fixtures/data`; fixtures/README.md says what each of them is. */
export type FixtureName = 'iris' | 'iris-classifier' | 'digits' | 'mixed-strings' | 'boosting-zipmap' | 'w1';

export type Cell = number | string;

/** What onnxruntime gave for one row of one output. */
export type Expected = Cell | readonly Cell[] | Readonly<Record<string, number>>;

/** Every row of a model's data set, and what the model must answer for it. */
export interface Fixture {
  /** The .onnx file: an absolute path. */
  readonly modelPath: string;
  readonly count: number;
  /** For each input of the model, the columns packed into it, in order. */
  readonly inputs: Readonly<Record<string, readonly string[]>>;
  readonly columns: ReadonlyMap<string, readonly Cell[]>;
  /** For each output, one entry a row. */
  readonly expected: Readonly<Record<string, readonly Expected[]>>;
}

interface FixtureFile {
  readonly model: string;
  readonly count: number;
  readonly inputs: Record<string, string[]>;
  readonly columns?: Record<string, Cell[]>;
  readonly rows?: number[][];
  readonly expected: Record<string, Expected[]>;
}

const FOLDER = new URL('../fixtures/', import.meta.url);

/** The absolute path of a model in `fixtures/models`, such as `identity-f32`. */
export function fixtureModel(name: string): string {
  return fileURLToPath(new URL(`models/${name}.onnx`, FOLDER));
}

export function fixture(name: FixtureName): Fixture {
  const file = JSON.parse(readFileSync(new URL(`data/${name}.json`, FOLDER), 'utf8')) as FixtureFile;
  const { count, inputs, expected } = file;
  const modelPath = fileURLToPath(new URL(`models/${file.model}`, FOLDER));
  return { modelPath, count, inputs, expected, columns: columnsOf(file) };
}

/** The rows of a fixture as records, columns in the data's order. */
export function fixtureRecords({ count, columns }: Fixture): Record<string, Cell>[] {
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries([...columns].map(([name, values]) => [name, values[row]!])),
  );
}

function columnsOf({ columns, rows = [], inputs }: FixtureFile): Map<string, readonly Cell[]> {
  if (columns) return new Map(Object.entries(columns));
  const names = Object.values(inputs).flat();
  return new Map(names.map((name, column) => [name, rows.map((row) => row[column]!)]));
}
