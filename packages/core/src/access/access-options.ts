/** A key by its name, which is what logs and metrics show. */
export interface NamedKey {
  readonly name: string;
  /** At least 16 characters. */
  readonly key: string;
}

/** Keys in code, or a file with one `name:key` a line (`#` begins a comment), read again whenever it changes. */
export type KeySource = { readonly keys: readonly NamedKey[] } | { readonly file: string };

/**
 * Who may call what. By default anyone may predict, and nobody may change the server.
 */
export interface AccessOptions {
  /** Predictions need one of these keys: `authorization: Bearer KEY` or `x-api-key: KEY`. @default none are needed */
  readonly apiKeys?: KeySource;
  /**
   * Whether calls that change the server (load, unload, aliases, rollback) are taken: from the same machine, or with one
   * of {@link adminKeys} where they are given. @default false
   */
  readonly modelControl?: boolean;
  /** Calls that change the server need one of these keys, wherever they come from. */
  readonly adminKeys?: KeySource;
}
