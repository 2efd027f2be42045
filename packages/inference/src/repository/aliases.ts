import { repositoryError } from './repository.errors.js';

const ALIAS = /^[A-Za-z][\w.-]{0,63}$/;

/** Names for versions: those of the configuration, and over them those that were set while running. */
export class Aliases {
  /** `null`: taken away, although the configuration has it. */
  private readonly own = new Map<string, string | null>();
  private configured: Readonly<Record<string, string>> = {};

  configure(aliases: Readonly<Record<string, string>> = {}): void {
    this.configured = aliases;
  }

  set(alias: string, version: string | undefined): void {
    if (version !== undefined) this.own.set(alias, version);
    else if (Object.hasOwn(this.configured, alias)) this.own.set(alias, null);
    else this.own.delete(alias);
  }

  /** The version that a name stands for: itself, if it is no alias. */
  resolve(name: string): string {
    const own = this.own.get(name);
    if (own) return own;
    if (own === undefined && Object.hasOwn(this.configured, name)) return this.configured[name]!;
    return name;
  }

  has(name: string): boolean {
    return this.own.has(name) ? this.own.get(name) !== null : Object.hasOwn(this.configured, name);
  }

  all(): Record<string, string> {
    const all = new Map(Object.entries(this.configured));
    for (const [alias, version] of this.own) {
      if (version === null) all.delete(alias);
      else all.set(alias, version);
    }
    return Object.fromEntries(all);
  }

  /** What was set while running, to be kept over a restart. */
  save(): Record<string, string | null> {
    return Object.fromEntries(this.own);
  }

  restore(saved: Readonly<Record<string, string | null>>): void {
    for (const [alias, version] of Object.entries(saved)) this.own.set(alias, version);
  }
}

/** @throws {INF_ERR_ALIAS} */
export function checkAlias(model: string, alias: string, versions: readonly string[]): void {
  const refuse = (why: string): never => {
    throw repositoryError('INF_ERR_ALIAS', `model '${model}': ${JSON.stringify(alias)} cannot be an alias: ${why}`);
  };
  if (typeof alias !== 'string' || !ALIAS.test(alias))
    refuse('it must begin with a letter and have at most 64 letters, digits, dots, dashes and underscores');
  if (versions.includes(alias)) refuse('a version has that name');
}
