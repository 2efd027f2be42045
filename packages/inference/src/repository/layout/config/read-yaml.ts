import { layoutError } from '../layout.errors.js';
import { printable } from '../names.js';

/** More than any configuration has. Aliases can make a small file a huge tree, or a ring: both pass one of these. */
const MAX_DEPTH = 20;
const MAX_NODES = 100_000;

/**
 * Plain data from YAML: JSON's types only, no tags, of bounded size when every alias is followed.
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
  const fault = new Walk().faultOf(value, 0);
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

class Walk {
  private nodes = 0;

  faultOf(value: unknown, depth: number): string | undefined {
    if (++this.nodes > MAX_NODES) return `more than ${MAX_NODES} values, aliases (*) followed`;
    if (typeof value !== 'object' || value === null) return undefined;
    if (depth >= MAX_DEPTH) return `more than ${MAX_DEPTH} levels, aliases (*) followed`;
    for (const item of Object.values(value)) {
      const fault = this.faultOf(item, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}
