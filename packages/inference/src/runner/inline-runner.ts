import { WitanError } from '@witan/core';
import { inferenceError, loadErrorText } from '../inference.errors.js';
import type { TensorMap } from '../tensor/tensor.js';
import type { LoadRequest } from './host/protocol.js';
import { loadSession } from './host/session-host.js';
import type { LoadReport, Runner, RunnerState } from './runner.js';
import { messageOf, type OrtSession } from './session.js';
import type { ModelSignature } from './signature.js';

/**
 * A model on the main thread: for models whose run costs less than the way to a worker and back. A run happens during
 * the call, so its answer is a value, and nothing else happens meanwhile.
 */
export class InlineRunner implements Runner {
  readonly mode = 'inline';
  readonly concurrency = 1;
  readonly failure = undefined;
  readonly signature: ModelSignature;
  readonly synchronous: boolean;
  private readonly allOutputs: readonly string[];
  private closed = false;

  private constructor(
    private readonly name: string,
    private readonly session: OrtSession,
    readonly report: LoadReport,
  ) {
    this.signature = report.signature;
    this.synchronous = session.synchronous;
    this.allOutputs = this.signature.outputs.map((output) => output.name);
  }

  /** Loads and warms up on this thread: measure the model elsewhere first, and give what was `measured`. */
  static async open(
    name: string,
    load: Omit<LoadRequest, 'op' | 'model'>,
    measured?: LoadReport,
  ): Promise<InlineRunner> {
    let session: OrtSession;
    const keep = (opened: OrtSession): void => void (session = opened);
    const report = await loadSession(load, keep, measured !== undefined).catch((cause: unknown) => {
      throw inferenceError('INF_ERR_MODEL_LOAD', loadErrorText(load.path, messageOf(cause)), { cause });
    });
    return new InlineRunner(
      name,
      session!,
      measured ? { ...report, loadMs: measured.loadMs, warmUp: measured.warmUp } : report,
    );
  }

  get state(): RunnerState {
    return this.closed ? 'closed' : 'ready';
  }

  run(feeds: TensorMap, outputs: readonly string[] = this.allOutputs): TensorMap | Promise<TensorMap> {
    if (this.closed) throw inferenceError('INF_ERR_MODEL_CLOSED', `model '${this.name}' is closed`);
    let answer: TensorMap | Promise<TensorMap>;
    try {
      answer = this.session.run(feeds, outputs);
    } catch (error) {
      throw this.failed(error);
    }
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      throw this.failed(error);
    });
  }

  async close(): Promise<void> {
    if (!this.closed) this.session.close();
    this.closed = true;
  }

  private failed(error: unknown): WitanError {
    return inferenceError('INF_ERR_RUN', `model '${this.name}' failed on this batch: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
