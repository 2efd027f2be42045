import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { Column, type Context, Frame, Handler, type ListenOptions, Schema, Service, WitanFactory } from '@witan/core';

@Schema()
class Wait {
  @Column('f64', { description: 'milliseconds' }) ms!: number;
}

@Schema()
class Who {
  @Column('i32') pid!: number;
}

/** Answers after a while with the process that it runs in; a service of its own for tests of starting and stopping. */
@Service('wait')
class WaitService {
  @Handler({ in: Wait, out: Who })
  async wait(rows: Frame<Wait>, context: Context): Promise<Who[]> {
    const [first] = rows.records();
    process.stdout.write(`waiting ${first!.ms}\n`);
    await delay(first!.ms, undefined, { signal: context.signal });
    context.setHeader('x-certificate', context.peer.certificateSubject ?? 'none');
    return rows.records().map(() => ({ pid: process.pid }));
  }
}

@Module({ providers: [WaitService] })
class AppModule {}

/** `LISTEN` holds the options as JSON; TLS files by their paths. */
const options = JSON.parse(process.env['LISTEN'] ?? '{}') as ListenOptions & { tls?: Record<string, unknown> };
const tls = options.tls && {
  ...options.tls,
  key: readFileSync(String(options.tls.key)),
  cert: readFileSync(String(options.tls.cert)),
  ca: options.tls.ca && readFileSync(String(options.tls.ca)),
};
await WitanFactory.create(AppModule).listen({ http: 0, grpc: 0, host: '127.0.0.1', ...options, tls } as ListenOptions);
