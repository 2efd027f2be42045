import { layoutError } from '../layout.errors.js';
import { printable } from '../names.js';

/** Deeper than any configuration; it bounds what a hostile file can make us walk. */
const MAX_DEPTH = 20;

/**
 * Plain data from YAML: JSON's types only, no anchors (which could make a small file a huge tree, or a ring), no tags.
 * @throws {INF_ERR_MODEL_CONFIG} with line and column; nothing else, whatever the text is
 */
export async function readYaml(text: string, fileName: string): Promise<unknown> {
  const { JSON_SCHEMA, load } = await import('js-yaml');
  let value: unknown;
  try {
    value = load(text, { schema: JSON_SCHEMA });
  } catch (cause) {
    throw layoutError('INF_ERR_MODEL_CONFIG', `${fileName}${describe(cause)}`, { cause });
  }
  const fault = faultOf(value, 0, new Set());
  if (fault === undefined) return value;
  throw layoutError('INF_ERR_MODEL_CONFIG', `${fileName}: ${fault}`);
}

function describe(cause: unknown): string {
  const { mark, reason, message } = cause as {
    mark?: { line: number; column: number };
    reason?: string;
    message?: string;
  };
  const place = mark ? `:${mark.line + 1}:${mark.column + 1}` : '';
  return `${place}: ${printable(reason ?? message ?? 'it cannot be read').slice(0, 200)}`;
}

/** Every node is met once, unless an alias shares it. */
function faultOf(value: unknown, depth: number, met: Set<object>): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (met.has(value)) return 'anchors and aliases (& and *) are not read';
  if (depth >= MAX_DEPTH) return `more than ${MAX_DEPTH} levels`;
  met.add(value);
  for (const item of Object.values(value)) {
    const fault = faultOf(item, depth + 1, met);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
