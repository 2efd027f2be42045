import { Inject, Injectable, type InjectionToken } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type Batch, BatchGate } from '../batch/batch-gate.js';
import type { BatchOptions } from '../batch/batch-options.js';
import type { Clock } from '../clock.js';
import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import { GateBatchContext } from '../handler/gate-batch-context.js';
import { type HandlerCall, planCall } from '../handler/handler-call.js';
import type { Concurrent } from '../handler/handler-param.js';
import { frameOfResult } from '../handler/handler-result.js';
import { BatchControl } from '../batch/batch-control.js';
import { CLOCK } from '../lifecycle/witan.tokens.js';
import type { ServiceBlueprint, StepBlueprint } from './blueprint.js';
import { Chain, type ChainStep } from './chain.js';
import { RecordPoints } from '../record/record-points.js';
import { ServiceExplorer, singletonOf } from './service-explorer.js';
import { handlerError } from '../handler/handler.errors.js';
import { serviceError } from './service.errors.js';

/** Turns blueprints into chains: finds the instances and the injected parameters, and makes the gates. */
@Injectable()
export class ChainBuilder {
  constructor(
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(ServiceExplorer) private readonly explorer: ServiceExplorer,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(BatchControl) private readonly gates: BatchControl,
    @Inject(RecordPoints) private readonly points: RecordPoints,
  ) {}

  build(blueprint: ServiceBlueprint): Chain {
    const steps = blueprint.steps.map((step) => this.kept(this.stepOf(step, blueprint), blueprint));
    return new Chain(steps, blueprint.definition.params.length > 0);
  }

  private kept(step: ChainStep, service: ServiceBlueprint): ChainStep {
    const recorded = this.points.ofStep(service, step.blueprint);
    return recorded ? { ...step, recorded } : step;
  }

  private stepOf(blueprint: StepBlueprint, { type }: ServiceBlueprint): ChainStep {
    const providers: unknown[] = [];
    const { call, selection } = planCall(blueprint.owner.prototype as object, blueprint.handler.method, (source) => {
      const provider = this.find(source.token, `a parameter of ${blueprint.name}`);
      const { name: handler, input, output } = blueprint;
      const given = source.bind ? source.bind(provider, { handler, input, output }) : provider;
      providers.push(given);
      return given;
    });
    const provider = this.explorer.providerOf(blueprint.owner);
    if (!provider) throw missingProvider(blueprint.owner.name, `the handler ${blueprint.name}`);
    const instance = singletonOf(provider);
    if (!blueprint.handler.batch) return { blueprint, call, instance };
    const name = blueprint.owner === type ? blueprint.name : `${type.name}.${blueprint.name}`;
    // A class may have its models as parameters of the handler or injected into its constructor.
    const used = providers.length > 0 ? providers : injectedInto(provider);
    if (instance)
      return { blueprint, call, instance, selection, gate: this.gateOf(name, blueprint, call, instance, used) };
    throw serviceError(
      'CORE_ERR_SERVICE_BATCHED',
      `${blueprint.name} is batched, but its class is request-scoped or transient (by itself, by what it injects, or by a guard, interceptor, pipe or filter, also a global one): one call serves many requests; a handler class of its own is not concerned by what applies to the service`,
    );
  }

  private gateOf(
    name: string,
    blueprint: StepBlueprint,
    call: HandlerCall,
    instance: object,
    providers: unknown[],
  ): BatchGate<Context<object>> {
    const { batch } = blueprint.handler;
    const options: BatchOptions = batch === true || !batch ? {} : batch;
    const check = (value: unknown): Frame => frameOfResult(value, blueprint.output, blueprint.name);
    const run = (batch: Batch<Context<object>>): Frame | Promise<Frame> => {
      const given = call(instance, batch.frame, new GateBatchContext(batch));
      return given instanceof Promise ? given.then(check) : check(given);
    };
    const gate = new BatchGate(
      run,
      { ...options, concurrency: options.concurrency ?? concurrencyOf(providers) },
      { clock: this.clock, name: this.gates.freeName(name) },
    );
    this.gates.add(gate);
    return gate;
  }

  private find(token: InjectionToken, what: string): object {
    try {
      return this.modules.get(token as never, { strict: false });
    } catch (cause) {
      throw missingProvider(typeof token === 'function' ? token.name : String(token), what, cause);
    }
  }
}

function missingProvider(name: string, what: string, cause?: unknown): Error {
  return handlerError(
    'CORE_ERR_HANDLER_INJECT',
    `${what} needs the provider ${name}, and there is none: add it to the providers of a module, or import the module that exports it`,
    { cause },
  );
}

/** What the constructor and the properties of a provider were given. */
function injectedInto(provider: ReturnType<ServiceExplorer['providerOf']> & object): unknown[] {
  const metadata = [
    provider.getCtorMetadata() ?? [],
    (provider.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
  ];
  return metadata.flat().map((wrapper) => wrapper.instance as unknown);
}

/** A gate sends as many batches at once as the models that its handler uses can run. */
function concurrencyOf(providers: readonly unknown[]): number {
  const limits = providers
    .map((provider) => (provider as Partial<Concurrent> | null)?.concurrency)
    .filter((limit): limit is number => typeof limit === 'number' && limit >= 1);
  return limits.length > 0 ? Math.min(...limits) : 1;
}
