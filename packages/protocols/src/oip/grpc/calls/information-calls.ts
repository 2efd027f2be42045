import { type Access, WitanError } from '@witan/core';
import { encodeMessage } from '../../../wire/encode-message.js';
import type { OipServer } from '../../infer-types.js';
import { statisticsJson } from '../../rest/statistics-json.js';
import { EMPTY, MESSAGES } from '../messages/small-messages.js';
import { smallCall, type SmallCall } from './small-call.js';

interface ModelQuery {
  readonly name?: string;
  readonly version?: string;
}

/** Health, metadata, configuration, statistics. */
export function informationCalls(server: OipServer, metadata: Access): Readonly<Record<string, SmallCall>> {
  return {
    ServerLive: smallCall('open', EMPTY, () => encodeMessage(MESSAGES.ServerLiveResponse, { live: server.live() })),
    ServerReady: smallCall('open', EMPTY, () => encodeMessage(MESSAGES.ServerReadyResponse, { ready: server.ready() })),
    ModelReady: smallCall('open', MESSAGES.ModelReadyRequest, (query: ModelQuery) =>
      encodeMessage(MESSAGES.ModelReadyResponse, { ready: isReady(server, query) }),
    ),
    ServerMetadata: smallCall(metadata, EMPTY, () => encodeMessage(MESSAGES.ServerMetadataResponse, server.metadata())),
    ModelMetadata: smallCall(metadata, MESSAGES.ModelMetadataRequest, async ({ name = '', version }: ModelQuery) =>
      encodeMessage(MESSAGES.ModelMetadataResponse, await server.modelMetadata(name, version)),
    ),
    ModelConfig: smallCall(metadata, MESSAGES.ModelConfigRequest, async ({ name = '', version }: ModelQuery) =>
      encodeMessage(MESSAGES.ModelConfigResponse, { config: await server.modelConfig(name, version) }),
    ),
    ModelStatistics: smallCall(metadata, MESSAGES.ModelStatisticsRequest, ({ name, version }: ModelQuery) =>
      encodeMessage(MESSAGES.ModelStatisticsResponse, statisticsJson(server.statistics(name, version))),
    ),
  };
}

/** As Triton: one that does not exist is not ready, and asking is no error. */
function isReady(server: OipServer, { name = '', version }: ModelQuery): boolean {
  try {
    return server.modelReady(name, version);
  } catch (error) {
    if (WitanError.is(error) && error.category === 'NOT_FOUND') return false;
    throw error;
  }
}
