import type { ModuleRef } from '@nestjs/core';
import { type Context, RECORD_KEEPER, type Recorder, type RecordKeeper, type RecordPoint } from '@witan/core';
import { Frame } from '@witan/core/frame';
import { experimentError } from './experiment.errors.js';
import type { ExperimentPlan } from './experiment-plan.js';
import type { ExposureEvent } from './exposure-channel.js';
import type { ExposureKeeper } from './exposure-keeper.js';
import type { AssignedCaller } from './assignment.js';

const LOG_REQUEST = Symbol.for('witan.sinks.logRequest');

/**
 * What keeps the exposures of an experiment, where it asks for it.
 * @throws {INF_ERR_EXPERIMENT_OPTIONS} when nothing keeps records here, and what the keeper throws
 */
export function openKeeper({ name, exposures }: ExperimentPlan, modules: ModuleRef): ExposureKeeper | undefined {
  if (exposures === undefined) return undefined;
  const point: RecordPoint = {
    kind: 'model',
    name: `experiment:${name}`,
    requests: [typeof exposures === 'string' ? logRequestOf(exposures) : exposures],
  };
  const recorder = keeperOf(name, modules).open(point);
  return recorder && new ExposureRecords(point, recorder);
}

/** What `logTo(sink, { output: false })` of @witan/sinks gives: an experiment may also stand in a file, by the sink's name. */
function logRequestOf(sink: string): object {
  return { [LOG_REQUEST]: true, sink, options: { output: false } };
}

function keeperOf(name: string, modules: ModuleRef): RecordKeeper {
  try {
    return modules.get<RecordKeeper>(RECORD_KEEPER, { strict: false });
  } catch (cause) {
    const text = `experiment '${name}' sends its exposures to a sink, and nothing keeps records: import SinksModule.forRoot({ sinks: { … } }) of @witan/sinks`;
    throw experimentError('INF_ERR_EXPERIMENT_OPTIONS', text, { cause });
  }
}

/** Each exposure is the one row of a record's input. */
class ExposureRecords implements ExposureKeeper {
  constructor(
    private readonly point: RecordPoint,
    private readonly recorder: Recorder,
  ) {}

  keep(event: ExposureEvent, caller: AssignedCaller): void | Promise<void> {
    const { epochMs, ...row } = event;
    const { experiment, variant, model, version } = row;
    return this.recorder.keep({
      // Other protocols have callers that know less than a Context does.
      context: caller as unknown as Context,
      point: this.point,
      input: Frame.fromRecords([row]),
      output: undefined,
      error: undefined,
      epochMs,
      durationMs: 0,
      phases: undefined,
      models: [{ model, version, experiment, variant }],
    });
  }
}
