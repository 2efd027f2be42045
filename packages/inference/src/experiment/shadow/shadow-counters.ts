/** What a shadow has done since the process began. */
export class ShadowCounters {
  compared = 0;
  rows = 0;
  matchedRows = 0;
  maxDifference = 0;
  failed = 0;
  unavailable = 0;
  dropped = 0;
  /** Of all runs that were compared, added up. */
  durationMs = 0;
}
