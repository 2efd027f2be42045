import type { TensorMap } from '../../tensor/tensor.js';
import { INLINE_LIMITS } from '../inline-limits.js';
import type { LoadReport } from '../runner.js';
import { messageOf, openSession, type OrtSession } from '../session.js';
import { warmUp } from '../warm-up.js';
import type { HostReply, HostRequest, LoadRequest, RunRequest } from './protocol.js';

/** Loads slower than this are not timed again. */
const RETIME_BELOW_MS = 200;
const RETIMES = 3;

/** Owns the sessions of one worker or child process and does what the main thread asks. */
export class SessionHost {
  private readonly sessions = new Map<string, OrtSession>();

  /** The answer; a value, not a promise, for a run on the raw binding. */
  handle(request: HostRequest): HostReply | Promise<HostReply> {
    if (request.op === 'run') return this.run(request);
    if (request.op === 'load') return this.load(request);
    if (request.op === 'unload') this.unload(request.model);
    else for (const model of [...this.sessions.keys()]) this.unload(model);
    return { ok: true, value: undefined };
  }

  private run({ model, feeds, outputs }: RunRequest): HostReply | Promise<HostReply> {
    try {
      const session = this.sessions.get(model);
      if (!session) throw new Error(`no session of '${model}' here`);
      const answer = session.run(feeds, outputs);
      return answer instanceof Promise ? answer.then(success, runFailure) : success(answer);
    } catch (error) {
      return runFailure(error);
    }
  }

  private async load(request: LoadRequest): Promise<HostReply> {
    try {
      return success(await loadSession(request, (session) => this.keep(request.model, session)));
    } catch (error) {
      return { ok: false, code: 'INF_ERR_MODEL_LOAD', message: messageOf(error) };
    }
  }

  private keep(model: string, session: OrtSession): void {
    this.unload(model);
    this.sessions.set(model, session);
  }

  private unload(model: string): void {
    this.sessions.get(model)?.close();
    this.sessions.delete(model);
  }
}

function success(value: LoadReport | TensorMap | undefined): HostReply {
  return { ok: true, value };
}

function runFailure(error: unknown): HostReply {
  return { ok: false, code: 'INF_ERR_RUN', message: messageOf(error) };
}

/** Opens and warms up a session on this thread, and hands it to `keep`. `isMeasured`: its runs need not be timed again. */
export async function loadSession(
  request: Omit<LoadRequest, 'op' | 'model'>,
  keep: (session: OrtSession) => void,
  isMeasured = false,
): Promise<LoadReport> {
  const start = performance.now();
  let session = await openSession(request.path, request.options);
  let loadMs = performance.now() - start;
  const isUnclear = (): boolean => loadMs > INLINE_LIMITS.loadMs && loadMs < RETIME_BELOW_MS;
  for (let i = 0; i < RETIMES && request.timed && isUnclear(); i++) {
    // The first load in a thread pays for the runtime's own start: what the model costs shows in the fastest of others.
    const again = performance.now();
    const second = await openSession(request.path, request.options);
    loadMs = Math.min(loadMs, performance.now() - again);
    session.close();
    session = second;
  }
  const warnings = [...session.warnings];
  const times =
    request.warmUpRows === 0
      ? []
      : await warmUp(session, request.warmUpRows, isMeasured).catch((error: unknown) => {
          warnings.push(`the warm-up on blank rows failed, so its speed is not known yet: ${messageOf(error)}`);
          return [];
        });
  keep(session);
  return { signature: session.signature, loadMs, warmUp: times, provider: session.provider, warnings };
}
