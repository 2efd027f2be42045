import { ARROW_FIELD, COLUMNS_FIELD, ROWS_FIELD } from '../proto/service-file.js';
import { LENGTH } from '../proto/scalar-type.js';
import { rpcError } from '../rpc.errors.js';
import type { ProtoReader } from './proto-reader.js';

/** How the rows travel; the answer takes the same form. */
export type RowsForm = 'rows' | 'columns' | 'arrow';

/** The outermost message, taken apart without looking into the rows. */
export interface RequestEnvelope {
  readonly form: RowsForm;
  /** Start and end of each row message, or of the one block of the other forms, within the message's bytes. */
  readonly spans: number[];
  /** Fields 1 to 15, by index; `undefined` where absent. */
  readonly params: (string | undefined)[];
}

const ROWS_TAG = ROWS_FIELD * 8 + LENGTH;
const COLUMNS_TAG = COLUMNS_FIELD * 8 + LENGTH;
const ARROW_TAG = ARROW_FIELD * 8 + LENGTH;

/**
 * Scans a request message.
 * @param paramCount how many of the fields 1 to 15 the service has; the others are unknown and skipped
 * @throws {CORE_ERR_PROTO_MALFORMED}
 * @throws {CORE_ERR_PROTO_FORM} when there is no form of rows, or more than one
 */
export function scanRequest(r: ProtoReader, paramCount: number, hasColumns: boolean): RequestEnvelope {
  const params: (string | undefined)[] = [];
  const rows: number[] = [];
  let columns: [number, number] | undefined;
  let arrow: [number, number] | undefined;
  while (r.pos < r.limit) {
    const tag = r.tag();
    if (tag === ROWS_TAG) span(r, rows);
    else if (tag === COLUMNS_TAG && hasColumns) columns = one(r, columns, 'columns');
    else if (tag === ARROW_TAG) arrow = one(r, undefined, 'arrow');
    else if ((tag & 7) === LENGTH && tag >>> 3 <= paramCount) params[(tag >>> 3) - 1] = r.string();
    else r.skip(tag);
  }
  const forms = (rows.length > 0 ? 1 : 0) + (columns ? 1 : 0) + (arrow ? 1 : 0);
  if (forms !== 1) throw formError(forms, hasColumns);
  if (columns) return { form: 'columns', spans: columns, params };
  return arrow ? { form: 'arrow', spans: arrow, params } : { form: 'rows', spans: rows, params };
}

function span(r: ProtoReader, spans: number[]): void {
  const end = r.block();
  spans.push(r.pos, end);
  r.pos = end;
}

function one(r: ProtoReader, known: [number, number] | undefined, name: string): [number, number] {
  if (known) throw rpcError('CORE_ERR_PROTO_FORM', `the request has the field ${name} twice: send it once`);
  const end = r.block();
  const found: [number, number] = [r.pos, end];
  r.pos = end;
  return found;
}

function formError(forms: number, hasColumns: boolean) {
  const names = hasColumns ? 'rows (16), columns (17) or arrow (18)' : 'rows (16) or arrow (18)';
  const seen = forms === 0 ? 'has no rows' : 'has its rows in several forms';
  const empty = forms === 0 ? `; a request of zero rows is an empty ${hasColumns ? 'columns' : 'arrow stream'}` : '';
  return rpcError('CORE_ERR_PROTO_FORM', `the request ${seen}: set exactly one of ${names}${empty}`);
}
