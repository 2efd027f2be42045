import { type Clock, systemClock } from '@witan/core';
import { DEFAULT_TIMEOUT_MS, StallGuard } from '../remote/stall-guard.js';
import type { StoreOptions } from '../store-options.js';
import { storeError } from '../store.errors.js';
import { requestFault } from './http-fault.js';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A response whose body is still to come; the guard watches it until it is closed. */
export interface GuardedResponse {
  readonly response: Response;
  readonly guard: StallGuard;
}

/** Requests of one HTTP store: its headers, its time limit, redirects that take no credentials to another host. */
export class Requests {
  private readonly clock: Clock;
  private readonly timeoutMs: number;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(
    private readonly origin: string,
    authorization: string | undefined,
    { http = {}, clock = systemClock }: StoreOptions,
  ) {
    this.clock = clock;
    this.timeoutMs = http.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.headers = { ...(authorization && { authorization }), ...http.headers };
  }

  /** @throws {INF_ERR_STORE_UNAVAILABLE | INF_ERR_STORE_ANSWER} */
  async send(
    method: 'GET' | 'HEAD',
    url: URL,
    headers: Readonly<Record<string, string>>,
    what: string,
    signal?: AbortSignal,
  ): Promise<GuardedResponse> {
    const guard = new StallGuard(this.clock, this.timeoutMs, signal);
    try {
      const response = await this.follow(method, url, headers, what, guard);
      guard.touch();
      return { response, guard };
    } catch (error) {
      guard.abandon();
      throw requestFault(error, what, guard);
    }
  }

  private async follow(
    method: string,
    url: URL,
    headers: Readonly<Record<string, string>>,
    what: string,
    guard: StallGuard,
  ): Promise<Response> {
    for (let hops = 0, at = url; hops <= MAX_REDIRECTS; hops++) {
      const response = await fetch(at, {
        method,
        redirect: 'manual',
        signal: guard.signal,
        // Compressed, the bytes and their count would not be those of the file.
        headers: { ...(at.origin === this.origin && this.headers), ...headers, 'accept-encoding': 'identity' },
      });
      const location = response.headers.get('location');
      if (!REDIRECTS.has(response.status) || location === null) return response;
      await response.body?.cancel();
      at = target(location, at, what);
    }
    throw storeError('INF_ERR_STORE_ANSWER', `${what}: more than ${MAX_REDIRECTS} redirects`);
  }
}

function target(location: string, from: URL, what: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isWeb = next?.protocol === 'https:' || (next?.protocol === 'http:' && from.protocol === 'http:');
  if (!next || !isWeb)
    throw storeError('INF_ERR_STORE_ANSWER', `${what}: a redirect to what is no ${from.protocol} URL`);
  next.username = '';
  next.password = '';
  return next;
}
