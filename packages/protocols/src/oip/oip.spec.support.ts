import type { ModuleMetadata } from '@nestjs/common';
import { createTestingApplication, type TestingApplication, type TestingOptions } from '@witan/core/testing';
import { ModelModule, type ModelModuleOptions, type ModelOptions } from '@witan/inference';
import type { Response } from 'light-my-request';
import type { OipOptions } from './oip-options.js';
import { OipModule } from './oip.module.js';

export interface OipTestOptions extends TestingOptions {
  readonly oip?: OipOptions;
  readonly root?: ModelModuleOptions;
  readonly providers?: ModuleMetadata['providers'];
}

/** An application that serves those models of a folder by the protocol, without sockets. */
export function oipApplication(
  store: string,
  models: readonly (string | ModelOptions)[],
  { oip = {}, root, providers = [], ...options }: OipTestOptions = {},
): Promise<TestingApplication> {
  const declared = models.map((model) => ({ trusted: true, ...(typeof model === 'string' ? { name: model } : model) }));
  return createTestingApplication(
    {
      imports: [ModelModule.forRoot({ store, ...root }), ModelModule.forFeature(...declared), OipModule.forRoot(oip)],
      providers,
    },
    options,
  );
}

/** One tensor of a JSON request. */
export function tensor(name: string, datatype: string, shape: readonly number[], data: unknown): object {
  return { name, datatype, shape, data };
}

/** What a client sends that uses the binary extension. */
export function binaryBody(
  header: object,
  ...parts: readonly Uint8Array[]
): { payload: Buffer; headers: Record<string, string> } {
  const json = Buffer.from(JSON.stringify(header));
  return {
    payload: Buffer.concat([json, ...parts]),
    headers: { 'inference-header-content-length': String(json.length) },
  };
}

/** The JSON of an answer with binary outputs, and its bytes. */
export function splitAnswer(answer: Response): { json: Record<string, unknown>; bytes: Buffer } {
  const length = Number(answer.headers['inference-header-content-length']);
  const { rawPayload } = answer;
  return {
    json: JSON.parse(rawPayload.toString('utf8', 0, length)) as Record<string, unknown>,
    bytes: rawPayload.subarray(length),
  };
}
