import { Batch, BatchContext, canBisect, Context, DetachedContext, type RecordedPoint } from '@witan/core';
import { Column, Frame } from '@witan/core/frame';
import type { ModelPoint } from '../module/model-records.js';
import type { TensorMap } from '../tensor/tensor.js';
import type { ModelRunOptions } from './model.js';
import type { OutputView } from './output-view.js';
import { ServedModel, type ServedModelParts } from './served-model.js';
import { frameOfTensors } from './tensor-frame.js';

/** The rows of one request among those of a run. */
interface Share {
  readonly context: Context<object>;
  readonly start: number;
  readonly end: number;
}

/** A model whose runs are kept, with what it was given and what it gave; of a batch, each request's rows by themselves. */
export class RecordedModel extends ServedModel {
  private own: RecordedPoint | undefined;

  constructor(
    parts: ServedModelParts,
    private readonly kept: ModelPoint,
  ) {
    super(parts);
  }

  override async runAs(input: Frame<object> | TensorMap, options: ModelRunOptions, view: OutputView): Promise<Frame> {
    const point = this.point();
    if (!point) return super.runAs(input, options, view);
    const frame = (
      input instanceof Frame ? input : frameOfTensors(this.signature, input, `model '${this.name}'`)
    ) as Frame;
    const isRunAgain = bisects(options.context, frame);
    const shares = sharesOf(options.context, frame);
    return recordRun(point, frame, shares, isRunAgain, () => super.runAs(frame, options, view));
  }

  override async runTensors(feeds: TensorMap, options: ModelRunOptions = {}): Promise<TensorMap> {
    const point = this.point();
    if (!point) return super.runTensors(feeds, options);
    const { context: given } = options;
    const context = given && 'aborted' in given ? contextOf(given) : new DetachedContext();
    point.admit(context);
    const startedAt = point.now();
    const input = frameOfWhole(feeds);
    let answer: TensorMap;
    try {
      answer = await super.runTensors(feeds, options);
    } catch (error) {
      return point.failed(context, input, startedAt, error);
    }
    await point.answered(context, input, startedAt, frameOfWhole(answer));
    return answer;
  }

  private point(): RecordedPoint | undefined {
    return (this.own ??= this.kept.recorded?.of({ model: this.name, version: this.version }));
  }
}

async function recordRun(
  point: RecordedPoint,
  input: Frame,
  shares: readonly Share[],
  isRunAgain: boolean,
  run: () => Promise<Frame>,
): Promise<Frame> {
  for (const { context } of shares) point.admit(context);
  const startedAt = point.now();
  let answer: Frame;
  try {
    answer = await run();
  } catch (error) {
    // Its gate runs it again in parts, and those are kept.
    if (isRunAgain && shares.length > 1 && canBisect(error)) throw error;
    const failing = shares.map((share) =>
      attempt(() => point.failed(share.context, rows(input, share), startedAt, error)),
    );
    const [first] = await Promise.allSettled(failing);
    throw first?.status === 'rejected' ? first.reason : error;
  }
  await Promise.all(
    shares.map((share) => point.answered(share.context, rows(input, share), startedAt, rows(answer, share))),
  );
  return answer;
}

/** A promise of it, also where it throws at once. */
async function attempt(work: () => Promise<never>): Promise<never> {
  return work();
}

function rows(frame: Frame, { start, end }: Share): Frame {
  return frame.slice(start, end);
}

/** Whether the gate that joined these requests runs them again in parts when the run fails. */
function bisects(context: ModelRunOptions['context'], { source }: Frame): boolean {
  if (context instanceof BatchContext) return context.bisects;
  return source instanceof Batch && source.bisects;
}

/** Whose rows they are: by the context that came with them, or by where their Frame came from. */
function sharesOf(context: ModelRunOptions['context'], frame: Frame): readonly Share[] {
  if (context && 'aborted' in context) return whole(contextOf(context), frame);
  const requests = context instanceof BatchContext ? context.requests : sourcesOf(frame);
  if (requests.length === 1) return whole(requests[0]!.context, frame);
  // A handler may have made fewer rows, or others, of those that it was given.
  return requests.at(-1)?.end === frame.rows ? requests : whole(new DetachedContext(), frame);
}

/** Other protocols give what a gate looks at of a caller, with the Context in it. */
function contextOf(caller: Context<object> | { readonly context?: Context<object> }): Context<object> {
  if (caller instanceof Context) return caller;
  return (caller as { readonly context?: Context<object> }).context ?? (caller as Context<object>);
}

function sourcesOf({ source, rows }: Frame): readonly Share[] {
  if (source instanceof Batch)
    return source.items.flatMap(({ item: { context }, start, end }) =>
      context instanceof Context ? [{ context: context as Context<object>, start, end }] : [],
    );
  const [context, ...others] = source?.contexts ?? [];
  return context && others.length === 0 ? [{ context, start: 0, end: rows }] : [];
}

function whole(context: Context<object>, { rows: end }: Frame): readonly Share[] {
  return [{ context, start: 0, end }];
}

/** Tensors without a common first dimension, as one row. A buffer that the runner may take away is copied. */
function frameOfWhole(tensors: TensorMap): Frame {
  const columns = Object.entries(tensors).map(
    ([name, { dtype, dims, data, owned }]) =>
      [name, new Column({ dtype, shape: [...dims], length: 1, data: owned ? data.slice() : data })] as const,
  );
  return new Frame(columns, 1);
}
