// A bare socket that sends bytes back: each read at once, or, where WHOLE is set, so many bytes once all are there. Under
// TLS where TLS says so.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { announce } from '../process/control.js';
import { benchCertificate } from './certificate.js';

const whole = Number(process.env['WHOLE'] ?? 0);

function echo(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  if (whole > 0) return echoWhole(socket);
  socket.on('data', (bytes) => {
    if (!socket.write(bytes)) socket.pause();
  });
  socket.on('drain', () => socket.resume());
}

function echoWhole(socket: Socket): void {
  let message = Buffer.allocUnsafeSlow(whole);
  let have = 0;
  socket.on('data', (bytes: Buffer) => {
    have += bytes.copy(message, have);
    if (have < whole) return;
    socket.write(message);
    message = Buffer.allocUnsafeSlow(whole);
    have = 0;
  });
}

const server = process.env['TLS']
  ? createTlsServer({ ...benchCertificate(), ALPNProtocols: ['h2'] }, echo)
  : createServer(echo);
server.listen(0, '127.0.0.1', () => announce({ grpc: (server.address() as AddressInfo).port }));
process.once('SIGTERM', () => process.exit());
