import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModuleRef } from '@nestjs/core';
import type { ServiceBlueprint } from '../service/blueprint.js';
import { ChainBuilder } from '../service/chain-builder.js';
import { EnhancedRuntime, PlainRuntime } from '../service/chain-runtime.js';
import { adoptEnhancers, enhancerHost } from '../service/enhancer-host.js';
import { assertBatchedStepsArePlain, hasEnhancers } from '../service/enhancer-metadata.js';
import type { ServiceRuntime } from '../service/runtime.js';
import { TracedRuntime } from '../service/traced-runtime.js';
import { ServiceExplorer, singletonOf } from '../service/service-explorer.js';

/** The services of this application, ready to be called; built once, when Nest has made every provider. */
@Injectable()
export class ServiceRegistry {
  private built: readonly ServiceRuntime[] | undefined;

  constructor(
    @Inject(ServiceExplorer) private readonly explorer: ServiceExplorer,
    @Inject(ChainBuilder) private readonly chains: ChainBuilder,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(ExternalContextCreator) private readonly creator: ExternalContextCreator,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {}

  get runtimes(): readonly ServiceRuntime[] {
    return (this.built ??= this.explorer.services().map((blueprint) => new TracedRuntime(this.runtimeOf(blueprint))));
  }

  private runtimeOf(blueprint: ServiceBlueprint): ServiceRuntime {
    assertBatchedStepsArePlain(blueprint);
    const chain = this.chains.build(blueprint);
    const provider = this.explorer.providerOf(blueprint.type)!;
    const instance = singletonOf(provider);
    const isPlain =
      instance !== undefined && chain.steps.every((step) => step.instance) && !hasEnhancers(blueprint, this.config);
    if (isPlain) return new PlainRuntime(blueprint.definition, chain);
    adoptEnhancers(blueprint, this.explorer);
    return new EnhancedRuntime(blueprint, chain, instance, enhancerHost(this.creator, provider), this.modules);
  }
}
