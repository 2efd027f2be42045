import { createHash } from 'node:crypto';
import { protoName } from '@witan/core';

/** What a model is called in .proto: package `iris.v1`, service `IrisService`. */
export interface ServiceIdentifiers {
  readonly protoPackage: string;
  readonly protoService: string;
  /** The other model that would have the same names, where this one got a suffix. */
  readonly insteadOf?: string;
}

/**
 * The names in .proto of every model: its own where that is an identifier, else what {@link protoName} makes of it. Of
 * several models that would have the same, the one whose own name it is has it, or the first by name; the others get a
 * suffix made of their names. So what a model is called does not depend on when it is loaded.
 */
export class IdentifierBook {
  private readonly names = new Map<string, string[]>();

  /** Says that there is a model of that name. */
  add(model: string): void {
    const id = protoName(model);
    const known = this.names.get(id);
    if (!known) this.names.set(id, [model]);
    else if (!known.includes(model)) known.push(model);
  }

  delete(model: string): void {
    const id = protoName(model);
    const left = (this.names.get(id) ?? []).filter((name) => name !== model);
    if (left.length === 0) this.names.delete(id);
    else this.names.set(id, left);
  }

  of(model: string): ServiceIdentifiers {
    const id = protoName(model);
    const rivals = this.names.get(id) ?? [];
    const owner = rivals.includes(id) ? id : [...rivals].sort()[0];
    if (owner === undefined || owner === model) return identifiersOf(id);
    return { ...identifiersOf(`${id}_${digestOf(model)}`), insteadOf: owner };
  }
}

function identifiersOf(id: string): ServiceIdentifiers {
  return { protoPackage: `${id}.v1`, protoService: `${pascalCase(id)}Service` };
}

function pascalCase(id: string): string {
  const text = id.replace(/(?:^|_+)([a-z0-9]?)/g, (_, first: string) => first.toUpperCase());
  return text === '' ? 'Model' : text;
}

function digestOf(model: string): string {
  return `x${createHash('sha256').update(model).digest('hex').slice(0, 6)}`;
}
