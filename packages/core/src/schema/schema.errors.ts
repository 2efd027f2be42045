import { type ErrorTable, WitanError, type WitanErrorOptions } from '../errors/witan-error.js';

/** What can be wrong with a schema, or with data that should match one; docs/errors.md lists the same rows. */
export const SCHEMA_ERRORS = {
  CORE_ERR_SCHEMA_DEFINITION: {
    category: 'FAILED_PRECONDITION',
    summary:
      'At boot: a schema class or document is wrong (bad dtype, shape, default or field number). The text names class and property.',
  },
  CORE_ERR_VALIDATION: {
    category: 'INVALID_ARGUMENT',
    http: 422,
    summary:
      'The request was read, but breaks its schema. `details.violations` names row, column, value and rule of each; correct them and send again.',
  },
  CORE_ERR_JSON_MALFORMED: {
    category: 'INVALID_ARGUMENT',
    summary: 'The body is empty, is not UTF-8, or is not JSON. The text has the position.',
  },
  CORE_ERR_JSON_FORM: {
    category: 'INVALID_ARGUMENT',
    summary: 'The body is JSON, but neither an array of records nor `{"records": [...]}` nor `{"columns": {...}}`.',
  },
  CORE_ERR_JSON_DEPTH: {
    category: 'INVALID_ARGUMENT',
    summary: 'The JSON body is nested deeper than the limit (32 levels unless set otherwise). Send flat records.',
  },
  CORE_ERR_ROWS_LIMIT: {
    category: 'RESOURCE_EXHAUSTED',
    http: 413,
    summary:
      'The request has more rows, or takes more memory once decoded, than the service takes at once. Split it, or raise the limit.',
  },
  CORE_ERR_OUTPUT_SCHEMA: {
    category: 'INTERNAL',
    summary:
      'A handler returned data that does not match its output schema; the text has both. Correct the handler or the schema.',
  },
} as const satisfies ErrorTable;

export type SchemaErrorCode = keyof typeof SCHEMA_ERRORS;

/** An error of the schema table. */
export function schemaError(code: SchemaErrorCode, message: string, options?: WitanErrorOptions): WitanError {
  return new WitanError(code, SCHEMA_ERRORS[code], message, options);
}
