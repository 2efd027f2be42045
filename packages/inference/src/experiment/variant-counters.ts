/** What one variant did since the process began. */
export class VariantCounters {
  /** Requests that it answered, or failed to. */
  requests = 0;
  /** Of what it answered. */
  rows = 0;
  /** Of them: failed. */
  errors = 0;
  /** Of them: chosen by the header. */
  forced = 0;
  /** Requests that were its own and that the control answered, because it could not. */
  fallbacks = 0;
}
