import { Logger } from '@nestjs/common';
import type { Clock } from '@witan/core';

/** Between two lines about one download; what takes less leaves none. */
const EVERY_MS = 5_000;
const MB = 1e6;

/** A line in the log every few seconds for a download that takes long. */
export class ProgressLog {
  private readonly logger = new Logger('StoreCache');
  private readonly startedAt: number;
  private loggedAt: number;
  private lines = 0;

  constructor(
    private readonly clock: Clock,
    private readonly what: string,
    private readonly totalBytes: number,
  ) {
    this.startedAt = this.loggedAt = clock.now();
  }

  progress(bytes: number): void {
    const now = this.clock.now();
    if (now - this.loggedAt < EVERY_MS) return;
    this.loggedAt = now;
    this.lines++;
    const percent = this.totalBytes === 0 ? 100 : Math.floor((100 * bytes) / this.totalBytes);
    this.logger.log(
      `${this.what}: ${(bytes / MB).toFixed(1)} of ${(this.totalBytes / MB).toFixed(1)} MB, ${percent} %`,
    );
  }

  done(): void {
    if (this.lines === 0) return;
    const seconds = (this.clock.now() - this.startedAt) / 1000;
    this.logger.log(`${this.what}: all ${(this.totalBytes / MB).toFixed(1)} MB are here after ${seconds.toFixed(1)} s`);
  }
}
