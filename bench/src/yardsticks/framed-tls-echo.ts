// node:tls and as little HTTP/2 as one client needs: sends the request's DATA back between a fixed head and fixed trailers.
// Headers are not read, nothing is checked or limited, and answers wait for no window.
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { announce } from '../process/control.js';
import { benchCertificate } from './certificate.js';

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const DATA = 0;
const SETTINGS = 4;
const ACK = 1;
const NOTHING = Buffer.alloc(0);
/** SETTINGS with a window of 2 ** 31 - 1 bytes, and as many for the connection. */
const GREETING = Buffer.from('00000604000000000000047fffffff0000040800000000007fff0000', 'hex');
const SETTINGS_ACK = Buffer.from('000000040100000000', 'hex');
/** `:status: 200` and `content-type: application/grpc`, whose number is 31. */
const FIELDS = Buffer.concat([Buffer.of(0x88, 0x0f, 0x10, 16), Buffer.from('application/grpc')]);
const STATUS = Buffer.concat([Buffer.of(0, 11), Buffer.from('grpc-status'), Buffer.of(1), Buffer.from('0')]);
const HEADERS = Buffer.concat([Buffer.of(0, 0, FIELDS.length, 1, 4, 0, 0, 0, 0), FIELDS]);
const TRAILERS = Buffer.concat([Buffer.of(0, 0, STATUS.length, 1, 5, 0, 0, 0, 0), STATUS]);

function echo(socket: TLSSocket): void {
  let rest: Buffer = NOTHING;
  let greeted = false;
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.write(GREETING);
  socket.on('data', (bytes: Buffer) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const answers: Buffer[] = [];
    let at = 0;
    if (!greeted && all.length >= PREFACE_BYTES) {
      greeted = true;
      at = PREFACE_BYTES;
    }
    while (greeted && all.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + ((all[at]! << 16) | (all[at + 1]! << 8) | all[at + 2]!);
      if (end > all.length) break;
      if (all[at + 3] === DATA) answers.push(answerOf(all, at, end));
      else if (all[at + 3] === SETTINGS && all[at + 4] !== ACK) answers.push(SETTINGS_ACK);
      at = end;
    }
    rest = at === all.length ? NOTHING : all.subarray(at);
    if (answers.length > 0) socket.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers));
  });
}

/** Of a request whose message lies in one frame. */
function answerOf(bytes: Buffer, start: number, end: number): Buffer {
  const answer = Buffer.allocUnsafe(HEADERS.length + end - start + TRAILERS.length);
  const data = HEADERS.length;
  const trailers = data + end - start;
  answer.set(HEADERS, 0);
  bytes.copy(answer, data, start, end);
  answer[data + 4] = 0;
  answer.set(TRAILERS, trailers);
  const id = bytes.readUInt32BE(start + 5);
  answer.writeUInt32BE(id, 5);
  answer.writeUInt32BE(id, trailers + 5);
  return answer;
}

const server = createServer({ ...benchCertificate(), ALPNProtocols: ['h2'] }, echo);
server.listen(0, '127.0.0.1', () => announce({ grpc: (server.address() as AddressInfo).port }));
process.once('SIGTERM', () => process.exit());
