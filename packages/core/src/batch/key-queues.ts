import type { Frame } from '../frame/frame.js';
import { KeyQueue, type QueueTotal } from './key-queue.js';
import { LayoutKey } from './layout-key.js';

/** Idle queues are kept for what they learnt about their callers, but keys come from requests: not for ever. */
const MAX_IDLE_QUEUES = 256;

/** The queues of a gate by key. */
export class KeyQueues<C> {
  readonly total: QueueTotal = { weight: 0, requests: 0 };
  /** Queues with waiting requests; empty ones are taken out when they are next come across. */
  readonly active: KeyQueue<C>[] = [];
  private readonly byKey = new Map<string, KeyQueue<C>>();
  private readonly layouts: LayoutKey | undefined;
  private last: KeyQueue<C> | undefined;

  constructor(fixedLayout: boolean) {
    this.layouts = fixedLayout ? undefined : new LayoutKey();
  }

  of(frame: Frame, key: string): KeyQueue<C> {
    const full = this.layouts ? this.fullKey(key, this.layouts.of(frame)) : key;
    const rowless = frame.rows === 0;
    const { last } = this;
    if (last && last.key === full && last.rowless === rowless) return last;
    return (this.last = this.find(full, rowless));
  }

  /** To be called before a request is added to the queue. */
  activate(queue: KeyQueue<C>): void {
    if (queue.active) return;
    queue.active = true;
    this.active.push(queue);
  }

  deactivate(index: number): void {
    const queue = this.active[index]!;
    queue.active = false;
    const moved = this.active.pop()!;
    if (moved !== queue) this.active[index] = moved;
  }

  private fullKey(key: string, layout: string): string {
    if (this.joined?.key !== key || this.joined.layout !== layout) {
      this.joined = { key, layout, text: `${key}\n${layout}` };
    }
    return this.joined.text;
  }
  private joined: { key: string; layout: string; text: string } | undefined;

  private find(key: string, rowless: boolean): KeyQueue<C> {
    const id = rowless ? `0${key}` : `1${key}`;
    const known = this.byKey.get(id);
    if (known) return known;
    if (this.byKey.size >= MAX_IDLE_QUEUES) this.dropIdle();
    const queue = new KeyQueue<C>(key, rowless, this.total);
    this.byKey.set(id, queue);
    return queue;
  }

  private dropIdle(): void {
    this.last = undefined;
    for (const [id, queue] of this.byKey) {
      if (queue.length === 0 && queue.flying === 0) this.byKey.delete(id);
      if (this.byKey.size < MAX_IDLE_QUEUES / 2) return;
    }
  }
}
