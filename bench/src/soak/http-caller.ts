import { Agent, type ClientRequest, type IncomingMessage, request as send } from 'node:http';
import {
  type Caller,
  DEADLINE_MS,
  DISCONNECT_AFTER_MS,
  indexOf,
  type Outcome,
  settle,
  type SoakRequest,
} from './request.js';

interface HttpAnswer {
  readonly records?: readonly { readonly value: number; readonly number: number }[];
  readonly error?: { readonly status: string };
}

/** JSON over connections that are kept. */
export class HttpCaller implements Caller {
  readonly protocol = 'http';
  private readonly agent: Agent;

  constructor(
    private readonly port: number,
    maxSockets: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets });
  }

  call(request: SoakRequest, twice: () => void): Promise<Outcome> {
    return settle((done) => {
      const sent = this.send(request, (response) => void read(response, done));
      sent.on('error', (error) => done({ kind: 'broken', why: error.message }));
      if (request.treatment !== 'disconnect') return;
      setTimeout(() => {
        done({ kind: 'left' });
        sent.destroy();
      }, DISCONNECT_AFTER_MS);
    }, twice);
  }

  close(): void {
    this.agent.destroy();
  }

  private send(request: SoakRequest, hear: (response: IncomingMessage) => void): ClientRequest {
    const { treatment, target, number } = request;
    const body = JSON.stringify([{ index: treatment === 'bad-input' ? 'no index' : indexOf(request), number }]);
    const headers: Record<string, string | number> = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    if (treatment === 'deadline') headers['x-request-timeout-ms'] = DEADLINE_MS;
    const place = { host: '127.0.0.1', port: this.port, path: `/soak/${target}` };
    return send({ ...place, method: 'POST', headers, agent: this.agent }, hear).end(body);
  }
}

function read(response: IncomingMessage, done: (outcome: Outcome) => void): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', (error) => done({ kind: 'broken', why: error.message }));
  response.on('end', () => done(outcomeOf(response.statusCode!, Buffer.concat(chunks).toString())));
}

function outcomeOf(status: number, text: string): Outcome {
  try {
    const { records, error } = JSON.parse(text) as HttpAnswer;
    if (status === 200 && records?.length === 1) return { kind: 'answered', ...records[0]! };
    if (status >= 400 && error) return { kind: 'refused', status: error.status };
  } catch {
    // it is no JSON: told below
  }
  return { kind: 'broken', why: `status ${status}: ${text.slice(0, 200)}` };
}
