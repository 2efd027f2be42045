import {
  CODE,
  DEFAULT_WINDOW_BYTES,
  MAX_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  MIN_MAX_FRAME_BYTES,
  SETTING,
} from './codes.js';
import { ConnectionError } from './connection-error.js';

const ENTRY_BYTES = 6;

/** What the caller's SETTINGS say: RFC 9113, 6.5.2. */
export class PeerSettings {
  initialWindow = DEFAULT_WINDOW_BYTES;
  maxFrame = MIN_MAX_FRAME_BYTES;
  headerTable = 4096;

  /** @throws {ConnectionError} */
  read(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at += ENTRY_BYTES) {
      this.set(bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    }
  }

  private set(setting: number, value: number): void {
    switch (setting) {
      case SETTING.headerTableSize:
        // The smallest counts, whatever follows: the encoder must know that entries have gone.
        this.headerTable = Math.min(this.headerTable, value);
        return;
      case SETTING.enablePush:
        if (value > 1) throw new ConnectionError(CODE.protocolError, `ENABLE_PUSH is ${value}`);
        return;
      case SETTING.initialWindowSize:
        if (value > MAX_WINDOW_BYTES)
          throw new ConnectionError(CODE.flowControlError, `INITIAL_WINDOW_SIZE is ${value}`);
        this.initialWindow = value;
        return;
      case SETTING.maxFrameSize:
        if (value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES) {
          throw new ConnectionError(CODE.protocolError, `MAX_FRAME_SIZE is ${value}`);
        }
        this.maxFrame = value;
        return;
      default:
        return;
    }
  }
}
