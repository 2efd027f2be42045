import type { Table } from 'apache-arrow';

import { decodeArrowStream } from '../arrow/read-stream.js';
import { encodeArrowStream } from '../arrow/write-stream.js';
import type { Frame } from '../frame.js';
import { loadPeer } from './peer.js';

/** The table's columns are views of one buffer that is written here. */
export async function toArrow(frame: Frame<object>): Promise<Table> {
  const { tableFromIPC } = await loadPeer('apache-arrow', () => import('apache-arrow'));
  return tableFromIPC(encodeArrowStream(frame));
}

export async function fromArrow(table: Table): Promise<Frame> {
  const { tableToIPC } = await loadPeer('apache-arrow', () => import('apache-arrow'));
  return decodeArrowStream(tableToIPC(table, 'stream'));
}
