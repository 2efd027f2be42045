import { Inject, Module } from '@nestjs/common';
import { Column, Frame, Handler, Schema, Service, WitanFactory } from '@witan/core';
import { Log, type LosslessOptions, Sinks, SinksModule } from '@witan/sinks';
import { StoreSink } from './store-sink.js';

@Schema()
class Work {
  @Column('utf8') client!: string;
  @Column('i32') number!: number;
}

@Schema()
class Done {
  @Column('i32') twice!: number;
}

@Service('work')
@Log<keyof Work | keyof Done>('audit')
class WorkService {
  constructor(@Inject(Sinks) private readonly sinks: Sinks) {}

  @Handler({ in: Work, out: Done })
  work(rows: Frame<Work>): Done[] {
    return rows.records().map(({ client, number }) => {
      if (client === 'stats') process.stdout.write(`stats ${JSON.stringify(this.sinks.stats()[0])}\n`);
      return { twice: number * 2 };
    });
  }
}

/** Set by the test: `STORE` is the store's port, `SINK` further options of the sink as JSON. */
const { STORE = '', HTTP = '0', SINK = '{}' } = process.env;
const audit = {
  to: new StoreSink(Number(STORE)),
  policy: 'lossless',
  batchMs: 5,
  retry: { firstMs: 20, maxMs: 200 },
  timeoutMs: 2_000,
  ...(JSON.parse(SINK) as { folder: string }),
} satisfies LosslessOptions;

@Module({
  imports: [SinksModule.forRoot({ sinks: { audit }, shutdownMs: 10_000 })],
  providers: [WorkService],
})
class AppModule {}

await WitanFactory.create(AppModule, { logger: ['error'] }).listen({
  http: Number(HTTP),
  grpc: 0,
  host: '127.0.0.1',
  shutdown: { timeoutMs: 20_000 },
});
