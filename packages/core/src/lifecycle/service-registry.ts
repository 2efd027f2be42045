import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModuleRef } from '@nestjs/core';
import type { Clock } from '../clock.js';
import type { ServiceBlueprint } from '../service/blueprint.js';
import { ChainBuilder } from '../service/chain-builder.js';
import { EnhancedRuntime, PlainRuntime } from '../service/chain-runtime.js';
import { adoptEnhancers, enhancerHost } from '../service/enhancer-host.js';
import { assertBatchedStepsArePlain, hasEnhancers } from '../service/enhancer-metadata.js';
import type { ServiceRuntime } from '../service/runtime.js';
import { TracedRuntime } from '../service/traced-runtime.js';
import { RecordPoints } from '../record/record-points.js';
import { RecordedRuntime } from '../record/recorded-runtime.js';
import { SourcedRuntime } from '../record/sourced-runtime.js';
import type { Chain } from '../service/chain.js';
import { ServiceExplorer, singletonOf } from '../service/service-explorer.js';
import { CLOCK } from './witan.tokens.js';

/** The services of this application, ready to be called; built once, when Nest has made every provider. */
@Injectable()
export class ServiceRegistry {
  private built: readonly ServiceRuntime[] | undefined;
  private enhanced = false;

  constructor(
    @Inject(ServiceExplorer) private readonly explorer: ServiceExplorer,
    @Inject(ChainBuilder) private readonly chains: ChainBuilder,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(ExternalContextCreator) private readonly creator: ExternalContextCreator,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RecordPoints) private readonly points: RecordPoints,
  ) {}

  get runtimes(): readonly ServiceRuntime[] {
    return (this.built ??= this.explorer
      .services()
      .map((blueprint) => new TracedRuntime(this.runtimeOf(blueprint), this.clock)));
  }

  /** Whether some service has guards, interceptors or filters, or lives as long as a request. */
  get hasEnhanced(): boolean {
    return this.runtimes.length > 0 && this.enhanced;
  }

  private runtimeOf(blueprint: ServiceBlueprint): ServiceRuntime {
    assertBatchedStepsArePlain(blueprint);
    const chain = this.chains.build(blueprint);
    return this.recorded(this.plainOrEnhanced(blueprint, chain), blueprint, chain);
  }

  private recorded(runtime: ServiceRuntime, blueprint: ServiceBlueprint, chain: Chain): ServiceRuntime {
    const whole = this.points.ofService(blueprint);
    const points = [whole, ...chain.steps.map((step) => step.recorded)].filter((point) => point !== undefined);
    const sourced = new SourcedRuntime(runtime, this.points);
    return points.length > 0 ? new RecordedRuntime(sourced, points, whole) : sourced;
  }

  private plainOrEnhanced(blueprint: ServiceBlueprint, chain: Chain): ServiceRuntime {
    const provider = this.explorer.providerOf(blueprint.type)!;
    const instance = singletonOf(provider);
    const isPlain =
      instance !== undefined && chain.steps.every((step) => step.instance) && !hasEnhancers(blueprint, this.config);
    if (isPlain) return new PlainRuntime(blueprint.definition, chain);
    this.enhanced = true;
    adoptEnhancers(blueprint, this.explorer);
    return new EnhancedRuntime(blueprint, chain, instance, enhancerHost(this.creator, provider), this.modules);
  }
}
