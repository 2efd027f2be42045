import { protoName } from '@witan/core';

/**
 * A column name for each of a model's tensors: the tensor's own, or with a number behind it where another one would have
 * the same name in .proto (`x` and `X`), or where it cannot be a column's.
 */
export function columnNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const own = name === '' || name === '__proto__' ? 'column' : name;
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? own : `${own}_${n}`;
      const proto = protoName(candidate);
      if (taken.has(proto)) continue;
      taken.add(proto);
      return candidate;
    }
  });
}
