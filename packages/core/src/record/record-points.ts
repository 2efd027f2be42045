import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Clock } from '../clock.js';
import type { ServiceBlueprint, StepBlueprint } from '../service/blueprint.js';
import type { SchemaSpec } from '../schema/spec.js';
import { CLOCK } from '../lifecycle/witan.tokens.js';
import { LOG_METADATA, RECORD_KEEPER, type RecordKeeper, type RecordPoint } from './record-keeper.js';
import { RecordedPoint } from './recorded-point.js';
import { recordError } from './record.errors.js';

/** Finds what is to be kept, and who keeps it. Without any `@Log` it finds nothing, and nothing is wrapped. */
@Injectable()
export class RecordPoints {
  /** Whether the runs of some model are kept. */
  keepsModels = false;

  constructor(
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Of a service as a whole: `@Log` on its class. @throws {CORE_ERR_RECORD_KEEPER} and what the keeper throws */
  ofService({ type, definition }: ServiceBlueprint): RecordedPoint | undefined {
    return this.open('service', type.name, requestsOf(type), columnsOf(definition));
  }

  /** Of one handler: `@Log` on its method, or on the class of a class handler. @throws as {@link ofService} */
  ofStep({ type }: ServiceBlueprint, step: StepBlueprint): RecordedPoint | undefined {
    const { owner, handler, name } = step;
    const own = requestsOf(owner.prototype as object, handler.method);
    return this.open('handler', name, owner === type ? own : [...requestsOf(owner), ...own], columnsOf(step));
  }

  /** Of a model that its declaration wants to have logged. @throws as {@link ofService} */
  ofModel(name: string, requests: readonly unknown[]): RecordedPoint | undefined {
    const point = this.open('model', name, requests);
    this.keepsModels ||= point !== undefined;
    return point;
  }

  private open(
    kind: RecordPoint['kind'],
    name: string,
    requests: readonly unknown[],
    columns?: RecordPoint['columns'],
  ): RecordedPoint | undefined {
    if (requests.length === 0) return undefined;
    const point: RecordPoint = { kind, name, requests, columns };
    const recorder = this.keeperFor(point).open(point);
    return recorder && new RecordedPoint(point, recorder, this.clock);
  }

  private keeperFor({ name }: RecordPoint): RecordKeeper {
    try {
      return this.modules.get<RecordKeeper>(RECORD_KEEPER, { strict: false });
    } catch (cause) {
      throw recordError(
        'CORE_ERR_RECORD_KEEPER',
        `${name} is to be logged, and nothing keeps records: import SinksModule.forRoot({ sinks: { … } }) of @witan/sinks`,
        { cause },
      );
    }
  }
}

function columnsOf({ input, output }: Pick<StepBlueprint, 'input' | 'output'>): RecordPoint['columns'] {
  const names = (spec: SchemaSpec | undefined): string[] | undefined => spec?.columns.map(({ name }) => name);
  return { input: names(input), output: names(output) };
}

function requestsOf(target: object, method?: string): readonly unknown[] {
  const found: unknown =
    method === undefined
      ? Reflect.getMetadata(LOG_METADATA, target)
      : Reflect.getMetadata(LOG_METADATA, target, method);
  return Array.isArray(found) ? found : [];
}
