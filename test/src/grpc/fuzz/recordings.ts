import { FRAME_HEADER_BYTES, PREFACE } from '@witan-libs/testing';

/** What real clients said, one entry a connection: the frames after the preface. Test fixtures: base64 in JSON. */
export function recordedFrames(json: string): Buffer[][] {
  const { connections } = JSON.parse(json) as { connections: readonly { client: string; bytes: string }[] };
  return connections.map(({ bytes }) => cut(Buffer.from(bytes, 'base64').subarray(PREFACE.length)));
}

function cut(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length;) {
    const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3);
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}
