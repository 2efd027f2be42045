import type { WitanError } from '../errors/witan-error.js';
import { toWireError } from '../errors/wire.js';
import type { Frame } from '../frame/frame.js';
import type { ServiceCodec } from './codec.js';
import type { AnswerForm } from './media-types.js';
import { requestIdJson } from './request-id.js';

/** How a stream of Frames is written in one form. */
export interface StreamForm {
  frame(frame: Frame): string | Uint8Array;
  end(): string | Uint8Array;
  /** The last bytes of a stream that fails; `undefined`: the form has no place for an error, the connection is cut. */
  failure(error: WitanError): string | undefined;
}

/** The writer of one answer's stream. */
export function streamFormOf(form: AnswerForm, codec: ServiceCodec, requestId: string): StreamForm {
  switch (form) {
    case 'ndjson':
      return ndjson(codec, requestId);
    case 'sse':
      return serverSentEvents(codec, requestId);
    case 'arrow':
      return arrow(codec);
    case 'json':
      return jsonDocument(codec, requestId);
  }
}

/** A record a line; a failure is a last line `{"error": …}`. */
function ndjson(codec: ServiceCodec, requestId: string): StreamForm {
  return {
    frame: (frame) => codec.lines(frame),
    end: () => '',
    failure: (error) => `${JSON.stringify(toWireError(error, requestId))}\n`,
  };
}

/** An `event: frame` with a records array each; then `event: end` or `event: error`. */
function serverSentEvents(codec: ServiceCodec, requestId: string): StreamForm {
  return {
    frame: (frame) => `event: frame\ndata: ${codec.records(frame)}\n\n`,
    end: () => `event: end\ndata: {"id":${requestIdJson(requestId)}}\n\n`,
    failure: (error) => `event: error\ndata: ${JSON.stringify(toWireError(error, requestId))}\n\n`,
  };
}

/** A record batch each. Cut without the end-of-stream marker when it fails. */
function arrow(codec: ServiceCodec): StreamForm {
  const writer = codec.arrowWriter();
  return {
    frame: (frame) => writer.write(frame),
    end: () => writer.end(),
    failure: () => undefined,
  };
}

/** One document, `{"id", "records": […]}`, written as its records come. Cut in the middle when it fails. */
function jsonDocument(codec: ServiceCodec, requestId: string): StreamForm {
  let open = false;
  const opening = (): string => `{"id":${requestIdJson(requestId)},"records":[`;
  return {
    frame(frame) {
      const records = codec.records(frame).slice(1, -1);
      if (records === '') return '';
      const text = open ? `,${records}` : opening() + records;
      open = true;
      return text;
    },
    end: () => (open ? ']}' : `${opening()}]}`),
    failure: () => undefined,
  };
}
