import { Flag, FRAME_HEADER_BYTES, FrameType, type RawConnection } from '@witan-libs/testing';

const TOKEN = /<\d+\.\d+\.\d+>/g;

/** The DATA that a client sent on each stream, by the frames as they stand on the wire; the last may be cut off. */
function sentData(bytes: Buffer): Map<number, string> {
  const sent = new Map<number, string>();
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length;) {
    const start = at + FRAME_HEADER_BYTES;
    at = start + bytes.readUIntBE(at, 3);
    if (bytes[start - 6] !== FrameType.DATA) continue;
    const isPadded = (bytes[start - 5]! & Flag.PADDED) !== 0;
    const padding = isPadded ? (bytes[start] ?? 0) : 0;
    const body = bytes.subarray(isPadded ? start + 1 : start, Math.max(start, at - padding));
    const stream = bytes.readUInt32BE(start - 4) & 0x7fff_ffff;
    sent.set(stream, (sent.get(stream) ?? '') + body.toString('latin1'));
  }
  return sent;
}

/** What the server did that it may not do: broken frames, and answers that belong to another stream or connection. */
export function faultsOf(connection: RawConnection, sent: Buffer): string[] {
  const data = sentData(sent);
  const faults = [...connection.faults];
  for (const [id, stream] of connection.streams) {
    for (const token of stream.body.toString('latin1').match(TOKEN) ?? [])
      if (!data.get(id)?.includes(token)) faults.push(`stream ${id} was answered ${token}, which it did not send`);
  }
  return faults;
}
