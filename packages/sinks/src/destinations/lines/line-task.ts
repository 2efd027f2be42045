/** Records in their binary form that are to become lines. */
export interface LineTask {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly gzip: boolean;
}

/** Lines of neighbours of one minute: of the records that lie from `start` to `end`; the first ends at `firstEnd`. */
export interface LineShare {
  readonly start: number;
  readonly firstEnd: number;
  readonly end: number;
  readonly lines: Uint8Array;
}

export interface LineAnswer {
  readonly id: number;
  readonly shares?: readonly LineShare[];
  readonly error?: string;
}
