/** What `witan.model.load` says when a version of a model comes, takes over, goes or is refused. */
export interface ModelLoadEvent {
  readonly kind: 'load' | 'swap' | 'unload' | 'evict';
  readonly name: string;
  readonly version: string;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly mode?: string;
  readonly loadMs?: number;
  readonly provider?: string;
  readonly previousVersion?: string;
  readonly reason?: string;
  readonly error?: unknown;
}
