import type { Server as HttpServer } from 'node:http';
import type { ListenOptions as SocketOptions } from 'node:net';
import tls from 'node:tls';
import type { Certificates } from './certificates.js';

/**
 * Puts TLS before an HTTP server that already exists: Fastify makes its server when the application is created, and
 * certificates are only given when it listens. Decrypted sockets are handed to it as its own connections.
 */
export class TlsListener {
  private readonly server: tls.Server;

  constructor(
    private readonly http: HttpServer,
    certificates: Pick<Certificates, 'current' | 'onChange'>,
  ) {
    const options = certificates.current;
    this.server = tls.createServer({
      ...options,
      rejectUnauthorized: options.requestCert ?? false,
      ALPNProtocols: ['http/1.1'],
    });
    certificates.onChange(({ key, cert, ca, minVersion }) =>
      this.server.setSecureContext({ key, cert, ca, minVersion }),
    );
    this.server.on('secureConnection', (socket) => http.emit('connection', socket));
    // A client that speaks no TLS, or shows no certificate, ends its own connection and nothing else.
    this.server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  async listen(target: SocketOptions): Promise<tls.Server> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(target, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    // Starts the checks of header and request timeouts, as listening itself would.
    this.http.emit('listening');
    return this.server;
  }

  /** Refuses new connections; gives once the last one has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
