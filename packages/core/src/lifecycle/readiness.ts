import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ServiceExplorer } from '../service/service-explorer.js';
import { type HealthReport, type HealthReporter, isHealthReporter, HEALTH_REPORT } from './startup-report.js';

type Phase = 'starting' | 'serving' | 'draining';

/** Whether this process wants requests: from the end of the boot until shutdown begins, while every reporter is well. */
@Injectable()
export class Readiness implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private phase: Phase = 'starting';
  private reporters: readonly HealthReporter[] = [];
  private readonly listeners = new Set<(serving: boolean) => void>();

  constructor(@Inject(ServiceExplorer) private readonly explorer: ServiceExplorer) {}

  onApplicationBootstrap(): void {
    this.reporters = this.explorer.instances().filter(isHealthReporter);
    this.enter('serving');
  }

  beforeApplicationShutdown(): void {
    this.enter('draining');
  }

  /** Readiness goes off and stays off; requests are still answered. */
  startDraining(): void {
    this.enter('draining');
  }

  /** Calls `listener` now and whenever serving begins or ends. */
  onChange(listener: (serving: boolean) => void): void {
    this.listeners.add(listener);
    listener(this.phase === 'serving');
  }

  live(): boolean {
    return true;
  }

  ready(): { ok: boolean; details: { phase: Phase; checks: readonly HealthReport[] } } {
    const checks = this.reporters.flatMap((reporter) => reporter[HEALTH_REPORT]());
    return {
      ok: this.phase === 'serving' && checks.every((check) => check.ok),
      details: { phase: this.phase, checks },
    };
  }

  private enter(phase: Phase): void {
    if (this.phase === 'draining') return;
    this.phase = phase;
    for (const listener of this.listeners) listener(phase === 'serving');
  }
}
