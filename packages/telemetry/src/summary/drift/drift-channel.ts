import { channel } from 'node:diagnostics_channel';
import type { Side } from '../column-path.js';
import type { ColumnDrift } from './compare-columns.js';

/** A column has left its baseline, or is back. */
export interface DriftEvent {
  readonly kind: 'raised' | 'cleared';
  readonly model: string;
  readonly version: string;
  readonly side: Side;
  readonly column: string;
  /** The window's tests. */
  readonly drift: ColumnDrift;
  /** Of the window; milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** `witan.drift`: published when a window shows that a column drifted, and once when it is back. */
export const driftChannel = channel('witan.drift');
