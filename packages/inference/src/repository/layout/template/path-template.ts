import { inferenceError } from '../../../inference.errors.js';
import { layoutError } from '../layout.errors.js';
import { quoted } from '../names.js';
import { safeSegment, segmentFault } from './segment.js';

/** Parameters of a template by name. Numbers and the like are taken as they print. */
export type TemplateValues = Readonly<Record<string, unknown>>;

const PARAM = /:([A-Za-z_]\w*)/g;
/** The longest key that S3 takes. */
const MAX_PATH_BYTES = 1024;

/** One segment: text and parameters in turn, `['v', 'major', '']` for `v:major`. */
export interface TemplateSegment {
  /** Texts around the parameters: one more than {@link params}. */
  readonly texts: readonly string[];
  readonly params: readonly string[];
}

/** A model's path with parameters, such as `iris/:run/:model`. */
export class PathTemplate {
  /** The names of the parameters, in order, each once. Empty: a plain path. */
  readonly params: readonly string[];

  constructor(
    readonly text: string,
    readonly segments: readonly TemplateSegment[],
  ) {
    this.params = [...new Set(segments.flatMap((segment) => segment.params))];
  }

  /**
   * The path that these values choose. Every value is one segment (or part of one), percent-decoded already.
   * @throws {INF_ERR_MODEL_PARAM} when one is missing, or would be anything but a part of one segment
   */
  resolve(values: TemplateValues): string {
    const path = this.segments.map((segment) => resolveSegment(segment, values)).join('/');
    if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
    throw layoutError('INF_ERR_MODEL_PARAM', `the model's path would be longer than ${MAX_PATH_BYTES} bytes`);
  }
}

/**
 * Takes a path template apart.
 * @throws {INF_ERR_OPTIONS} when the template itself is no safe path
 * @example compileTemplate('iris/:run/:model').resolve({ run: '7', model: 'small' }) // 'iris/7/small'
 */
export function compileTemplate(text: string): PathTemplate {
  const segments = text.split('/').map(segmentOf);
  const fault = text === '' ? 'it is empty' : segments.map(faultOf).find((found) => found !== undefined);
  if (fault === undefined) return new PathTemplate(text, segments);
  throw inferenceError('INF_ERR_OPTIONS', `the model path ${quoted(text)} cannot be used: ${fault}`);
}

/** The text of a parameter's value; `undefined` where there is none. */
export function valueText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return ['number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

export function resolveSegment(segment: TemplateSegment, values: TemplateValues): string {
  const { texts, params } = segment;
  if (params.length === 0) return texts[0]!;
  let path = texts[0]!;
  for (const [i, name] of params.entries()) path += safeSegment(name, valueOf(name, values)) + texts[i + 1]!;
  return safeSegment(params.join("', '"), path);
}

function valueOf(name: string, values: TemplateValues): string {
  const text = Object.hasOwn(values, name) ? valueText(values[name]) : undefined;
  if (text !== undefined) return text;
  throw layoutError('INF_ERR_MODEL_PARAM', `the model parameter '${name}' is missing`, {
    details: { parameter: name },
  });
}

function segmentOf(text: string): TemplateSegment {
  const parts = text.split(PARAM);
  return { texts: parts.filter((_, i) => i % 2 === 0), params: parts.filter((_, i) => i % 2 === 1) };
}

/** Of the segment with harmless values in it. */
function faultOf({ texts, params }: TemplateSegment): string | undefined {
  if (texts.some((text) => text.includes(':'))) return "a ':' is followed by a name: letters, digits and _";
  const fault = segmentFault(texts.join(params.length > 0 ? 'x' : ''));
  return fault && `in '${texts.join(':…')}' ${fault}`;
}
