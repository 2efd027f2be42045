import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A store of lines: has what it answered for, also when it is killed; now and then it is unwell. */
const [file = '', port = '0'] = process.argv.slice(2);
// What the last one was killed over is none of the lines after it.
if (existsSync(file) && !readFileSync(file, 'latin1').endsWith('\n')) appendFileSync(file, '\n');
let asked = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const which = ++asked % 23;
    // Refused; taken, but the answer says otherwise: such a batch comes again.
    if (which !== 5) appendFileSync(file, Buffer.concat(chunks));
    response.writeHead(which === 5 || which === 11 ? 503 : 200).end();
  });
});
server.listen(Number(port), '127.0.0.1', () => {
  process.stdout.write(` store ${(server.address() as AddressInfo).port}\n`);
});
