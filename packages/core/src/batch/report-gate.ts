import type { CollectEvent } from '../collect/collect-channel.js';
import type { BatchGate } from './batch-gate.js';

/** What a gate holds, and what it has refused and let go, for metrics. */
export function reportGate(gate: BatchGate<never>, event: CollectEvent): void {
  const stats = gate.stats();
  const labels = { gate: gate.name };
  event.report('witan.batch.queue.rows', stats.queuedRows, labels);
  event.report('witan.batch.queue.requests', stats.queuedRequests, labels);
  event.report('witan.batch.in_flight', stats.inFlight, labels);
  event.report('witan.batch.in_flight.rows', stats.inFlightRows, labels);
  event.report('witan.batch.concurrency', gate.options.concurrency, labels);
  event.report('witan.batch.busy.time', stats.runMs / 1000, labels);
  event.report('witan.batch.failures', stats.failures, labels);
  event.report('witan.batch.dropped', stats.refusedFull, { ...labels, reason: 'full' });
  event.report('witan.batch.dropped', stats.refusedLate, { ...labels, reason: 'late' });
  event.report('witan.batch.dropped', stats.cancelled, { ...labels, reason: 'cancelled' });
  event.report('witan.batch.dropped', stats.expired, { ...labels, reason: 'expired' });
}
