import type { CollectEvent } from '../collect/collect-channel.js';
import type { BatchGate } from './batch-gate.js';

type Gate = Pick<BatchGate<never>, 'name' | 'stats'>;

/** What a gate holds, for metrics. */
export function reportGateState(gate: Gate, event: CollectEvent): void {
  const stats = gate.stats();
  const labels = { gate: gate.name };
  event.report('witan.batch.queue.rows', stats.queuedRows, labels);
  event.report('witan.batch.queue.requests', stats.queuedRequests, labels);
  event.report('witan.batch.in_flight', stats.inFlight, labels);
  event.report('witan.batch.in_flight.rows', stats.inFlightRows, labels);
}

/** What it has run, refused and let go. */
export function reportGateCounters(gate: Gate, event: CollectEvent): void {
  const stats = gate.stats();
  const labels = { gate: gate.name };
  event.report('witan.batch.busy.time', stats.runMs / 1000, labels);
  event.report('witan.batch.failures', stats.failures, labels);
  event.report('witan.batch.dropped', stats.refusedFull, { ...labels, reason: 'full' });
  event.report('witan.batch.dropped', stats.refusedLate, { ...labels, reason: 'late' });
  event.report('witan.batch.dropped', stats.cancelled, { ...labels, reason: 'cancelled' });
  event.report('witan.batch.dropped', stats.expired, { ...labels, reason: 'expired' });
}
