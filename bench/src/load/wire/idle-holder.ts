// Opens CONNECTIONS to PORT when asked, makes one call on each, and then only holds them; gives how many are open.
import { connect } from 'node:net';
import { announce } from '../../process/control.js';
import { GrpcWire } from './grpc-wire.js';
import { PlainWire } from './plain-wire.js';
import { wireCallBytes, wireMessage } from './wire-load.js';

const { PORT, CONNECTIONS, KIND, CALL_PATH } = process.env;
/** The system's queue of connections that are not accepted yet is bounded. */
const AT_ONCE = 200;
const MESSAGE_BYTES = 230;
const message = wireMessage(MESSAGE_BYTES);
const plain = Buffer.alloc(wireCallBytes(CALL_PATH!, MESSAGE_BYTES));
let open = 0;

function connection(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(PORT), '127.0.0.1');
    socket.once('connect', () => {
      const wire = KIND === 'grpc' ? new GrpcWire(socket, CALL_PATH!, message) : new PlainWire(socket, plain);
      socket.on('data', (bytes) => {
        if (wire.read(bytes) === 0) return;
        open++;
        resolve();
      });
      wire.begin(1);
    });
    socket.once('error', reject);
    socket.once('close', () => open--);
  });
}

async function openAll(): Promise<number> {
  for (let left = Number(CONNECTIONS); left > 0; left -= AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, connection));
  }
  return open;
}

announce({}, openAll);
