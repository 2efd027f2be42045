/** One connection's side of a burst, whatever the server speaks. */
export interface Wire {
  /** Sends so many more requests. */
  begin(requests: number): void;
  /** Takes what has come; gives how many answers are complete with it. */
  read(bytes: Buffer): number;
}

/** What a connection writes to. */
export interface Sink {
  write(bytes: Buffer): unknown;
}
