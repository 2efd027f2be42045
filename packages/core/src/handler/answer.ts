/**
 * An early answer: what a per-request handler returns instead of a Frame to end the chain and speak for itself.
 * Over gRPC the status maps by the table of docs/errors.md: 2xx is OK with an empty answer, anything else an error
 * whose message is the body's text.
 */
export class Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | object | undefined;

  constructor(parts: { status?: number; headers?: Record<string, string>; body?: string | Uint8Array | object }) {
    this.status = parts.status ?? 200;
    this.headers = parts.headers ?? {};
    this.body = parts.body;
  }
}
