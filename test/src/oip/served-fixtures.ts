import { dirname } from 'node:path';
import { Module } from '@nestjs/common';
import { type WitanApplication, WitanFactory, type WitanOptions } from '@witan/core';
import { ModelModule } from '@witan/inference';
import { OipModule } from '@witan/protocols';
import { fixtureModel } from '@witan-libs/testing';

const TYPES = ['f16', 'f32', 'f64', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'bool', 'string'];
const MODELS = ['iris', 'iris-classifier', 'mixed-strings', 'variable-width', 'two-inputs', 'w1'];

/** An application that serves the fixtures' models by the Open Inference Protocol, on ports of its own. */
export async function servedFixtures(
  witan: WitanOptions = { access: { modelControl: true } },
): Promise<{ application: WitanApplication; http: string; grpc: string }> {
  const models = [...MODELS, ...TYPES.map((type) => `identity-${type}`)].map((name) => ({ name, trusted: true }));
  @Module({
    imports: [
      ModelModule.forRoot({ store: dirname(fixtureModel('iris')) }),
      ModelModule.forFeature(...models),
      OipModule.forRoot({ serverName: 'fixtures' }),
    ],
  })
  class FixturesModule {}
  const application = await WitanFactory.create(FixturesModule, { witan, logger: false, abortOnError: false });
  const { http, grpc } = await application.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
  const bare = (url: string | undefined): string => url!.replace(/^\w+:\/\//, '');
  return { application, http: bare(http), grpc: bare(grpc) };
}
