import { setTimeout as delay } from 'node:timers/promises';
import type { Stage, Stored } from './stage.js';

/** Clients that ask one thing after the other, and remember what was asked and what was answered. */
export class Clients {
  readonly asked = new Map<string, number>();
  readonly answered: { client: string; number: number }[] = [];
  /** By status; `broken`: the connection broke. */
  readonly outcomes = new Map<string, number>();
  private isOpen = true;
  private readonly running: Promise<unknown>;

  constructor(
    private readonly stage: Stage,
    count: number,
  ) {
    this.running = Promise.all(Array.from({ length: count }, (_, i) => this.run(`c${i}`)));
  }

  /** Gives once so many more requests were answered. */
  async more(count: number): Promise<void> {
    const wanted = this.answered.length + count;
    while (this.answered.length < wanted) await delay(10);
  }

  async stop(): Promise<void> {
    this.isOpen = false;
    await this.running;
  }

  private async run(client: string): Promise<void> {
    for (let number = 1; this.isOpen; number++) {
      this.asked.set(client, number);
      const status = await this.stage.ask(client, number);
      const outcome = String(status ?? 'broken');
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      if (status === 200) this.answered.push({ client, number });
      else await delay(20);
    }
  }
}

/** What the store has, held against what the clients saw: each line is something that must not be. */
export function accountsOf(clients: Clients, stored: readonly Stored[]): { faults: string[]; duplicates: number } {
  const faults: string[] = [];
  const byId = new Map<string, Stored>();
  const idOf = new Map<string, string>();
  const last = new Map<string, number>();
  let duplicates = 0;
  for (const record of stored) {
    const { id, client, number, twice } = record;
    const request = `${client}-${number}`;
    const known = byId.get(id);
    if (known) {
      duplicates++;
      if (known.client !== client || known.number !== number) faults.push(`${id} is two records`);
      continue;
    }
    byId.set(id, record);
    if (idOf.has(request)) faults.push(`${request} has two records`);
    idOf.set(request, id);
    if (number > (clients.asked.get(client) ?? 0)) faults.push(`${request} was never asked`);
    if (twice !== number * 2) faults.push(`${request} has another answer: ${twice}`);
    if (number < (last.get(client) ?? 0)) faults.push(`${request} came after ${client}-${last.get(client)}`);
    last.set(client, number);
  }
  for (const { client, number } of clients.answered)
    if (!idOf.has(`${client}-${number}`)) faults.push(`${client}-${number} was answered and is lost`);
  return { faults, duplicates };
}
