import { STATUS } from '../call/status-code.js';
import { CODE } from '../http2/codes.js';
import type { Connection } from '../http2/connection.js';
import type { Clock } from './clock.js';
import type { SettledOptions } from './settled-options.js';

const MAX_TICK_MS = 1000;
const MIN_TICK_MS = 5;
/** A client that does not answer PING in this time has had the first GOAWAY long enough. */
const GOAWAY_STEP_MS = 1000;
/** After the last frame, for the other side to close. */
const LINGER_MS = 1000;
/** So much of its age a connection may have more, or less. */
const AGE_JITTER = 0.1;

/** Everything that takes too long, looked at for all connections in one tick: times are kept to about a quarter. */
export class ConnectionWatch {
  private readonly tickMs: number;
  private timer: { cancel(): void } | undefined;
  private last = 0;
  private readonly ending = new WeakMap<Connection, number>();
  private readonly maxAges = new WeakMap<Connection, number>();

  constructor(
    private readonly options: SettledOptions,
    private readonly clock: Clock,
    private readonly connections: ReadonlySet<Connection>,
  ) {
    const times = Object.entries(options).flatMap(([name, value]) => (name.endsWith('Ms') ? [value as number] : []));
    this.tickMs = Math.max(MIN_TICK_MS, Math.min(MAX_TICK_MS, Math.min(...times) / 4));
  }

  start(): void {
    if (this.timer !== undefined) return;
    this.last = this.clock.now();
    this.timer = this.clock.setTimer(this.tick, this.tickMs);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly tick = (): void => {
    const now = this.clock.now();
    const passed = now - this.last;
    this.last = now;
    for (const connection of this.connections) {
      connection.now = now;
      connection.refill(passed);
      this.look(connection, now);
    }
    this.timer = this.connections.size > 0 ? this.clock.setTimer(this.tick, this.tickMs) : undefined;
  };

  private look(connection: Connection, now: number): void {
    if (connection.ended) return this.linger(connection, now);
    const { handshakeTimeoutMs, stallTimeoutMs } = this.options;
    if (!connection.settingsAcked && now - connection.openedAt > handshakeTimeoutMs) {
      return connection.fail(CODE.settingsTimeout, 'SETTINGS are not acknowledged in time');
    }
    if (connection.midFrameSince !== undefined && now - connection.midFrameSince > handshakeTimeoutMs) {
      return connection.fail(CODE.enhanceYourCalm, 'a frame is not sent to its end in time');
    }
    if (connection.congestedSince !== undefined && now - connection.congestedSince > stallTimeoutMs) {
      return connection.destroy();
    }
    this.lookAtCalls(connection, now);
    this.lookAtAge(connection, now);
    this.lookAtPing(connection, now);
  }

  /** The other side has its GOAWAY and does not close. */
  private linger(connection: Connection, now: number): void {
    const since = this.ending.get(connection);
    if (since === undefined) this.ending.set(connection, now);
    else if (now - since > LINGER_MS) connection.destroy();
  }

  private lookAtCalls(connection: Connection, now: number): void {
    if (connection.calls.size === 0) return;
    const { requestTimeoutMs, stallTimeoutMs } = this.options;
    for (const call of [...connection.calls.values()]) {
      if (call.awaitsBytes && now - call.since > requestTimeoutMs) {
        call.cancelWith({
          code: STATUS.deadlineExceeded,
          message: `the request was not complete after ${requestTimeoutMs} ms (requestTimeoutMs)`,
        });
      } else if (call.ending && now - call.progressAt > stallTimeoutMs) {
        connection.resetStream(call, CODE.cancel);
      }
    }
  }

  private lookAtAge(connection: Connection, now: number): void {
    const { maxConnectionAgeGraceMs, maxConnectionIdleMs } = this.options;
    const maxAgeMs = this.maxAgeMsOf(connection);
    if (connection.goawayStep > 0) {
      if (connection.goawayStep === 1 && now - connection.goawayAt > GOAWAY_STEP_MS) connection.lastGoaway();
      if (now - connection.openedAt > maxAgeMs + maxConnectionAgeGraceMs) connection.destroy();
      return;
    }
    const idle = connection.calls.size === 0 && now - connection.idleSince > maxConnectionIdleMs;
    if (idle || now - connection.openedAt > maxAgeMs) connection.goaway();
  }

  private maxAgeMsOf(connection: Connection): number {
    const { maxConnectionAgeMs, random } = this.options;
    if (maxConnectionAgeMs === Infinity) return Infinity;
    let ageMs = this.maxAges.get(connection);
    if (ageMs === undefined) {
      ageMs = maxConnectionAgeMs * (1 - AGE_JITTER + 2 * AGE_JITTER * random());
      this.maxAges.set(connection, ageMs);
    }
    return ageMs;
  }

  private lookAtPing(connection: Connection, now: number): void {
    const { keepaliveTimeMs, keepaliveTimeoutMs } = this.options;
    if (connection.pingSentAt !== undefined) {
      if (now - connection.pingSentAt > keepaliveTimeoutMs) connection.destroy();
    } else if (now - connection.heardAt > keepaliveTimeMs) {
      connection.ping();
    }
  }
}
