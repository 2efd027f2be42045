import type { Outcome, SoakRequest, Treatment } from './request.js';

/** What may come of a request besides a right answer. `*`: any refusal. */
const MAY_BE_REFUSED: Readonly<Record<Treatment, readonly string[]>> = {
  good: [],
  'bad-input': ['INVALID_ARGUMENT'],
  poison: ['*'],
  disconnect: ['*'],
  deadline: ['DEADLINE_EXCEEDED'],
};
const MUST_NOT_BE_ANSWERED: readonly Treatment[] = ['bad-input', 'poison'];
/** What a good request may get while the process that runs its model is being replaced. */
const KILLED: readonly string[] = ['UNAVAILABLE'];
const MAX_EXAMPLES = 5;

/** Counts what came of the requests. */
export class Tally {
  sent = 0;
  answered = 0;
  refusedAsExpected = 0;
  left = 0;
  /** Good requests that fell with the process that was killed. */
  killed = 0;
  wrong = 0;
  lost = 0;
  doubled = 0;
  /** Refused, broken or answered although it must not be. */
  unexpected = 0;
  readonly examples: string[] = [];

  readonly twice = (): void => void this.doubled++;

  count(protocol: string, request: SoakRequest, outcome: Outcome): void {
    const verdict = verdictOf(request, outcome);
    this[verdict]++;
    if (verdict === 'wrong' || verdict === 'lost' || verdict === 'unexpected')
      this.remember(protocol, request, outcome);
  }

  private remember(protocol: string, request: SoakRequest, outcome: Outcome): void {
    if (this.examples.length < MAX_EXAMPLES)
      this.examples.push(`${protocol} ${JSON.stringify(request)}: ${JSON.stringify(outcome)}`);
  }
}

type Verdict = 'answered' | 'refusedAsExpected' | 'left' | 'killed' | 'wrong' | 'lost' | 'unexpected';

function verdictOf(request: SoakRequest, outcome: Outcome): Verdict {
  const { treatment, target, index, number } = request;
  if (outcome.kind === 'left' || outcome.kind === 'lost') return outcome.kind;
  if (outcome.kind === 'answered') {
    if (MUST_NOT_BE_ANSWERED.includes(treatment)) return 'unexpected';
    return outcome.number === number && outcome.value === 10 * index ? 'answered' : 'wrong';
  }
  if (outcome.kind === 'broken') return 'unexpected';
  const allowed = MAY_BE_REFUSED[treatment];
  if (allowed.includes('*') || allowed.includes(outcome.status)) return 'refusedAsExpected';
  return target === 'process' && KILLED.includes(outcome.status) ? 'killed' : 'unexpected';
}
