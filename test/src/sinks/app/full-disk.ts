import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { Column, Frame, Handler, Schema, Service, WitanFactory } from '@witan/core';
import { Log, type LogRecord, type Sink, Sinks, SinksModule } from '@witan/sinks';

@Schema()
class Text {
  @Column('utf8') text!: string;
}

@Service('echo')
@Log('audit')
class EchoService {
  @Handler({ in: Text, out: Text })
  echo(texts: Frame<Text>): Frame<Text> {
    return texts;
  }
}

/** Away until it is told to be back. */
class Destination implements Sink {
  readonly name = 'away';
  readonly requests = new Set<string>();
  isBack = false;

  async write(batch: readonly LogRecord[]): Promise<void> {
    if (!this.isBack) throw new Error('away');
    for (const { requestId } of batch) this.requests.add(requestId);
  }

  async close(): Promise<void> {
    // It holds nothing back.
  }
}

/** Asks until the disk below `folder` is full and somewhat longer, then lets the destination come back, and asks again. */
const [folder = '', onFull = 'shed'] = process.argv.slice(2);
const to = new Destination();
const retry = { firstMs: 20, maxMs: 20 };
const audit = { to, policy: 'lossless', folder, onFull: onFull as 'shed' | 'block', retry, batchMs: 0 } as const;

@Module({ imports: [SinksModule.forRoot({ sinks: { audit } })], providers: [EchoService] })
class AppModule {}

const app = await WitanFactory.create(AppModule, { logger: false });
const payload = [{ text: 'x'.repeat(10_000) }];
const answered: string[] = [];
const refusals = new Set<string>();
let asked = 0;

async function ask(): Promise<boolean> {
  const id = `r${asked++}`;
  const answer = await app.inject({ method: 'POST', url: '/echo', payload, headers: { 'x-request-id': id } });
  if (answer.statusCode === 200) answered.push(id);
  else refusals.add(`${answer.statusCode} ${(answer.json() as { error: { code: string } }).error.code}`);
  return answer.statusCode === 200;
}

if (onFull === 'shed') {
  while (await ask());
  for (let more = 0; more < 20; more++) await ask();
} else {
  for (let i = 0; i < 60; i++) {
    void ask();
    await delay(2);
  }
}
const before = answered.length;
to.isBack = true;
while (answered.length < (onFull === 'shed' ? before + 10 : asked)) {
  if (onFull === 'shed') await ask();
  await delay(20);
}
await app.close();
const lost = answered.filter((id) => !to.requests.has(id));
const [stats] = app.nest.get(Sinks).stats();
const { dropped, queued, spillBytes } = stats!;
process.stdout.write(JSON.stringify({ before, refusals: [...refusals], lost, dropped, queued, spillBytes }));
