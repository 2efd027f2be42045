import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a TCP server of this machine on which answers may get lost. */
export interface TcpRelay {
  readonly port: number;
  /** What the server says is lost from now on: what it is told still arrives. */
  silent: boolean;
  /** Closes every connection. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpRelay(target: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => relay.silent || client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay: TcpRelay = {
    port: (server.address() as AddressInfo).port,
    silent: false,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        relay.cut();
      }),
  };
  return relay;
}
