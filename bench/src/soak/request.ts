/** What is done to a request; `good` must be answered. */
export type Treatment = 'good' | 'bad-input' | 'poison' | 'disconnect' | 'deadline';

export type Target = 'worker' | 'process';

export interface SoakRequest {
  readonly treatment: Treatment;
  readonly target: Target;
  /** Into the model's table of 10. */
  readonly index: number;
  /** Another one for each request. */
  readonly number: number;
}

/** What came of a request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly value: number; readonly number: number }
  /** `status`: an error category, by gRPC's name. */
  | { readonly kind: 'refused'; readonly status: string }
  /** Nobody waits for the answer any more. */
  | { readonly kind: 'left' }
  /** The connection broke, or the answer made no sense. */
  | { readonly kind: 'broken'; readonly why: string }
  | { readonly kind: 'lost' };

/** Sends requests over one protocol. `twice` is called for every answer beyond the first. */
export interface Caller {
  readonly protocol: 'http' | 'grpc';
  call(request: SoakRequest, twice: () => void): Promise<Outcome>;
  close(): void;
}

/** A request without an answer is lost after this time. */
export const LOST_AFTER_MS = 30_000;
/** Short enough to pass while a batch is under way. */
export const DEADLINE_MS = 2;
export const DISCONNECT_AFTER_MS = 1;
const OUTSIDE_THE_TABLE = 99;

export const indexOf = ({ treatment, index }: SoakRequest): number =>
  treatment === 'poison' ? OUTSIDE_THE_TABLE : index;

/** One outcome, whatever comes first; nothing is heard of what comes later, but `twice`. */
export function settle(start: (done: (outcome: Outcome) => void) => void, twice: () => void): Promise<Outcome> {
  return new Promise((resolve) => {
    let answers = 0;
    const timer = setTimeout(() => resolve({ kind: 'lost' }), LOST_AFTER_MS);
    start((outcome) => {
      clearTimeout(timer);
      if (outcome.kind === 'answered' && ++answers === 2) twice();
      resolve(outcome);
    });
  });
}
