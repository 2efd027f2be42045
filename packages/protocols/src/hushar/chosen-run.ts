import { ShadowContext, type ServedModel, type VariantRun } from '@witan/inference';
import type { HusharBinding } from './hushar-binding.js';
import type { HusharRequest } from './hushar-request.js';
import type { DecodedRequest } from './request-decoder.js';

const NO_SCORES = new Float32Array(0);

/** What a model gave for a request. */
export interface ChosenScores {
  readonly decoded: DecodedRequest;
  readonly scores: Float32Array;
  /** Of each row. */
  readonly count: number;
}

/** A request as an experiment runs it, on whichever model. `forShadows`: it may be run again after it was answered. */
export function chosenRun(
  request: HusharRequest,
  bindingOf: (model: ServedModel) => HusharBinding,
  forShadows: boolean,
): VariantRun<ChosenScores> {
  // The transport may use a message's memory again once the request is answered.
  const message = forShadows ? Buffer.from(request.message) : request.message;
  let rows = 0;
  return {
    async on(model, instead) {
      const binding = bindingOf(model);
      const decoded = instead instanceof ShadowContext ? binding.decoder.decode(message) : request.decode(binding);
      rows = decoded.rows;
      if (rows === 0) return { decoded, scores: NO_SCORES, count: 0 };
      const context = instead ?? request.context;
      const { outputs } = binding;
      const answer = await model.run(binding.inputOf(decoded), outputs ? { context, outputs } : { context });
      return { decoded, ...binding.scoresOf(answer) };
    },
    outputs: ({ decoded, scores }) => [{ name: 'scores', rows: decoded.rows, values: scores }],
    get rows() {
      return rows;
    },
    bytes: () => message.length,
  };
}
