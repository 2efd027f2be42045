import { httpError } from './http.errors.js';

export const JSON_TYPE = 'application/json';
export const ARROW_TYPE = 'application/vnd.apache.arrow.stream';
export const NDJSON_TYPE = 'application/x-ndjson';
export const SSE_TYPE = 'text/event-stream';

/** How a request's body is written. */
export type BodyForm = 'json' | 'arrow';

/** How an answer is written. */
export type AnswerForm = 'json' | 'arrow' | 'ndjson' | 'sse';

export const CONTENT_TYPE_OF: Readonly<Record<AnswerForm, string>> = {
  json: 'application/json; charset=utf-8',
  arrow: ARROW_TYPE,
  ndjson: 'application/x-ndjson; charset=utf-8',
  sse: 'text/event-stream; charset=utf-8',
};

const READABLE = `${JSON_TYPE} (or any +json type), ${ARROW_TYPE}`;
const UTF8 = /^(utf-?8|us-ascii)$/;

/** Callers send few distinct headers: what each means is worked out once. Bounded, because callers choose them. */
const CACHE_LIMIT = 256;
const known = new Map<string, BodyForm>();

/**
 * The form of a request body by its content type. A missing content type counts as JSON: the commonest caller that
 * sends none is a hand-written one.
 * @throws {CORE_ERR_HTTP_CONTENT_TYPE} for a type or charset that is not read.
 */
export function bodyFormOf(contentType: string | undefined): BodyForm {
  if (contentType === undefined || contentType === JSON_TYPE) return 'json';
  const cached = known.get(contentType);
  if (cached) return cached;
  const form = parseContentType(contentType);
  if (known.size < CACHE_LIMIT) known.set(contentType, form);
  return form;
}

function parseContentType(text: string): BodyForm {
  const [type = '', ...parameters] = text.toLowerCase().split(';');
  const form = formOfType(type.trim());
  if (!form) {
    throw httpError('CORE_ERR_HTTP_CONTENT_TYPE', `content type '${shorten(text)}' is not read here: send ${READABLE}`);
  }
  const charset = charsetOf(parameters);
  if (form === 'json' && charset !== undefined && !UTF8.test(charset)) {
    throw httpError('CORE_ERR_HTTP_CONTENT_TYPE', `charset '${shorten(charset)}' is not read here: send JSON as utf-8`);
  }
  return form;
}

function formOfType(type: string): BodyForm | undefined {
  if (type === JSON_TYPE || /^[\w.!#$&^-]+\/[\w.!#$&^-]+\+json$/.test(type)) return 'json';
  return type === ARROW_TYPE ? 'arrow' : undefined;
}

function charsetOf(parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const match = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter);
    if (match) return match[1];
  }
  return undefined;
}

export function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
