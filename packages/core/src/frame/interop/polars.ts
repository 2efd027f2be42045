import type { DataFrame } from 'nodejs-polars';

import { decodeArrowStream } from '../arrow/read-stream.js';
import { encodeArrowStream } from '../arrow/write-stream.js';
import { Column } from '../column.js';
import { fromFloat16Bits } from '../float16.js';
import { Frame } from '../frame.js';
import { loadPeer } from './peer.js';

/** Frames go to Polars and back as Arrow IPC streams; nodejs-polars copies typed arrays in any case. */
export async function toPolars(frame: Frame<object>): Promise<DataFrame> {
  const { default: polars } = await loadPeer('nodejs-polars', () => import('nodejs-polars'));
  return polars.readIPCStream(Buffer.from(encodeArrowStream(withoutHalves(frame)).buffer));
}

export function fromPolars(dataFrame: DataFrame): Frame {
  return decodeArrowStream(dataFrame.writeIPCStream());
}

/** Polars has no 16-bit floats: they are widened. */
function withoutHalves(frame: Frame<object>): Frame<object> {
  const columns = new Map<string, Column>();
  for (const [name, column] of frame.columns) columns.set(name, column.dtype.kind === 'f16' ? widened(column) : column);
  return new Frame(columns, frame.rows);
}

function widened({ data, shape, length, validity }: Column): Column {
  return new Column({
    dtype: 'f32',
    shape,
    length,
    validity,
    data: Float32Array.from(data as Uint16Array, fromFloat16Bits),
  });
}
