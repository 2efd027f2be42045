import cluster from 'node:cluster';
import type { ListenAddresses } from './listen-options.js';

/** Set by the supervisor for the servers that it forks: `first` prints the banner. */
export const SUPERVISED_ENV = 'WITAN_SUPERVISED';

/** What a server tells its supervisor once it answers. */
export interface ReadyMessage {
  readonly witan: 'ready';
  readonly addresses: ListenAddresses;
}

export function isSupervised(): boolean {
  return cluster.isWorker && process.env[SUPERVISED_ENV] !== undefined;
}

export function printsBanner(): boolean {
  return !isSupervised() || process.env[SUPERVISED_ENV] === 'first';
}

export function announceToSupervisor(addresses: ListenAddresses): void {
  const message: ReadyMessage = { witan: 'ready', addresses };
  process.send!(message);
}

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return (message as Partial<ReadyMessage> | null)?.witan === 'ready';
}
