import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request in place of the server's answer. */
export type ProxyFault =
  /** Answered so, and not passed on. */
  | { readonly status: number }
  /** The connection is closed: before the server has it, or when the server has answered. */
  | { readonly cut: 'before' | 'after' }
  /** Passed on when this resolves. */
  | { readonly until: Promise<void> };

/** A way to an HTTP server on which things go wrong. */
export interface FaultProxy {
  readonly url: string;
  requests: number;
  fault: ((method: string, path: string) => ProxyFault | undefined) | undefined;
  close(): Promise<void>;
}

/** Signatures stay right: the server sees the host that the client asked for. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const state: Omit<FaultProxy, 'url' | 'close'> = { requests: 0, fault: undefined };
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    state.requests++;
    const fault = state.fault?.(request.method!, request.url!);
    if (fault && 'status' in fault) return void response.writeHead(fault.status).end();
    if (fault && 'cut' in fault && fault.cut === 'before') return void request.socket.destroy();
    if (fault && 'until' in fault) await fault.until;
    const { method, headers } = request;
    const passed = ask(new URL(request.url!, target), { method, headers }, (answer) => {
      if (fault && 'cut' in fault) {
        answer.resume();
        return void request.socket.destroy();
      }
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => request.socket.destroy());
    passed.end(Buffer.concat(chunks));
  };
  const server = createServer(
    (request, response) => void pass(request, response).catch(() => request.socket.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
