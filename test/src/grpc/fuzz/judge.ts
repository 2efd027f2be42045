import { Flag, FrameReader, FrameType, type RawConnection } from '@witan-libs/testing';

const TOKEN = /<\d+\.\d+\.\d+>/g;

/** Which tokens a client sent on which stream, by the frames as they stand on the wire. */
function sentTokens(bytes: Buffer): Map<number, string> {
  const sent = new Map<number, string>();
  for (const { type, flags, stream, payload } of new FrameReader().push(bytes)) {
    if (type !== FrameType.DATA) continue;
    const isPadded = (flags & Flag.PADDED) !== 0 && payload.length > 0;
    const body = isPadded ? payload.subarray(1, Math.max(1, payload.length - payload[0]!)) : payload;
    sent.set(stream, (sent.get(stream) ?? '') + body.toString('latin1'));
  }
  return sent;
}

/** What the server did that it may not do: broken frames, and answers that belong to another stream or connection. */
export function faultsOf(connection: RawConnection, sent: Buffer): string[] {
  const tokens = sentTokens(sent);
  const faults = [...connection.faults];
  for (const [id, stream] of connection.streams) {
    for (const token of stream.body.toString('latin1').match(TOKEN) ?? [])
      if (!tokens.get(id)?.includes(token)) faults.push(`stream ${id} was answered ${token}, which it did not send`);
  }
  return faults;
}
