import { httpError } from './http.errors.js';
import { type AnswerForm, ARROW_TYPE, JSON_TYPE, NDJSON_TYPE, SSE_TYPE, shorten } from './media-types.js';

interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/** The forms in the order in which equals are preferred, each with the names a caller may use for it. */
const FORMS: readonly (readonly [AnswerForm, readonly string[]])[] = [
  ['json', [JSON_TYPE]],
  ['arrow', [ARROW_TYPE]],
  ['ndjson', [NDJSON_TYPE, 'application/ndjson', 'application/jsonl']],
  ['sse', [SSE_TYPE]],
];

const CACHE_LIMIT = 256;
const known = new Map<string, AnswerForm | 'none'>();

/**
 * The form that the `accept` header prefers (RFC 9110, 12.5.1). `usual` is the form that mirrors the request: it is
 * taken when the header is absent, and wins over others that only a wildcard lets in.
 * @throws {CORE_ERR_HTTP_NOT_ACCEPTABLE} when no form is acceptable.
 */
export function answerFormOf(accept: string | undefined, usual: AnswerForm): AnswerForm {
  if (accept === undefined || accept === '*/*' || accept === '') return usual;
  const key = `${usual} ${accept}`;
  let form = known.get(key);
  if (form === undefined) {
    form = negotiate(parseAccept(accept), usual);
    if (known.size < CACHE_LIMIT) known.set(key, form);
  }
  if (form !== 'none') return form;
  const forms = FORMS.map(([, names]) => names[0]).join(', ');
  throw httpError(
    'CORE_ERR_HTTP_NOT_ACCEPTABLE',
    `nothing here satisfies 'accept: ${shorten(accept)}': accept one of ${forms}`,
  );
}

function parseAccept(accept: string): MediaRange[] {
  return accept
    .toLowerCase()
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
    })
    .filter((range) => range.type !== '');
}

/** How well one form fits: quality first, then how exactly it was named (2 by name, 1 `type/*`, 0 any), then its place. */
interface Fit {
  readonly form: AnswerForm;
  readonly quality: number;
  readonly exactness: number;
  readonly place: number;
}

function negotiate(ranges: readonly MediaRange[], usual: AnswerForm): AnswerForm | 'none' {
  const fits = FORMS.map(([form, names]) => fitOf(form, names, ranges)).filter((fit) => fit.quality > 0);
  fits.sort(
    (a, b) =>
      b.quality - a.quality ||
      b.exactness - a.exactness ||
      a.place - b.place ||
      Number(b.form === usual) - Number(a.form === usual),
  );
  return fits[0]?.form ?? 'none';
}

function fitOf(form: AnswerForm, names: readonly string[], ranges: readonly MediaRange[]): Fit {
  const major = names[0]!.slice(0, names[0]!.indexOf('/'));
  let best: Fit = { form, quality: 0, exactness: -1, place: 0 };
  ranges.forEach((range, place) => {
    const exactness = names.includes(range.type) ? 2 : range.type === `${major}/*` ? 1 : range.type === '*/*' ? 0 : -1;
    if (exactness > best.exactness) best = { form, quality: range.quality, exactness, place };
  });
  return best;
}
