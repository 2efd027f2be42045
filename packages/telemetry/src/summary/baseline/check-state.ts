import { STATE_FORMAT, type SummaryState } from '../summary-state.js';

const MAX_COLUMNS = 65_536;
const MAX_BUCKETS = 4096;
const MAX_ENTRIES = 65_536;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Text of a summary that another process or an earlier one wrote.
 * @throws {TypeError} when it is none, saying where
 */
export function checkState(value: unknown): asserts value is SummaryState {
  const state = fieldsOf(value, 'the summary');
  must(state['format'] === STATE_FORMAT, `format is not ${STATE_FORMAT}`);
  must(typeof state['from'] === 'string' && typeof state['to'] === 'string', 'from and to must be dates');
  must(isCount(state['rows']) && isCount(state['sampledRows']), 'rows and sampledRows must be counts');
  for (const side of ['inputs', 'outputs']) {
    const columns = Object.entries(fieldsOf(state[side], side));
    must(columns.length <= MAX_COLUMNS, `${side} has more than ${MAX_COLUMNS} columns`);
    for (const [name, column] of columns) checkColumn(column, `${side}.${name.slice(0, 64)}`);
  }
}

function checkColumn(value: unknown, where: string): void {
  const column = fieldsOf(value, where);
  must(typeof column['dtype'] === 'string', `${where}.dtype must be text`);
  const state = fieldsOf(column['state'], `${where}.state`);
  must(isCount(state['cells']) && isCount(state['nulls']), `${where}: cells and nulls must be counts`);
  if (state['kind'] === 'number') checkNumbers(state, where);
  else if (state['kind'] === 'category') checkCategories(state, where);
  else must(false, `${where}.state.kind must be number or category`);
}

function checkNumbers(state: Fields, where: string): void {
  for (const name of ['nan', 'positiveInfinities', 'negativeInfinities']) {
    must(isCount(state[name]), `${where}.${name} must be a count`);
  }
  must(isCount(fieldsOf(state['moments'], `${where}.moments`)['count']), `${where}.moments.count must be a count`);
  const sketch = fieldsOf(state['sketch'], `${where}.sketch`);
  const { accuracy } = sketch;
  must(typeof accuracy === 'number' && accuracy >= 0.001 && accuracy <= 0.2, `${where}.sketch.accuracy`);
  must(isCount(sketch['zero']), `${where}.sketch.zero must be a count`);
  for (const sign of ['positive', 'negative']) {
    const { first, counts } = fieldsOf(sketch[sign], `${where}.sketch.${sign}`);
    must(Number.isSafeInteger(first) && Math.abs(first as number) <= 1e6, `${where}.sketch.${sign}.first`);
    must(isList(counts, MAX_BUCKETS) && counts.every(isCount), `${where}.sketch.${sign}.counts`);
  }
}

function checkCategories(state: Fields, where: string): void {
  must(isCount(state['count']), `${where}.count must be a count`);
  must(isCount(state['capacity']) && state['capacity'] >= 1 && state['capacity'] <= MAX_ENTRIES, `${where}.capacity`);
  must(state['distinct'] === null || typeof state['distinct'] === 'string', `${where}.distinct`);
  const { entries, maxError } = fieldsOf(state['frequent'], `${where}.frequent`);
  must(isCount(maxError), `${where}.frequent.maxError must be a count`);
  const isEntry = (entry: unknown): boolean => isList(entry, 2) && typeof entry[0] === 'string' && isCount(entry[1]);
  must(isList(entries, MAX_ENTRIES) && entries.every(isEntry), `${where}.frequent.entries`);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isList(value: unknown, maxLength: number): value is unknown[] {
  return Array.isArray(value) && value.length <= maxLength;
}

function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new TypeError(`${where} is no object`);
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new TypeError(what);
}
