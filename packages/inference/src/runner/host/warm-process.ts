import { silenceOrtTelemetry } from '../ort-binding.js';
import { type HostLink, type HostLinkFactory, processLink } from './host-link.js';

/** Nobody boots for longer than this before the first model is tried. */
const KEEP_MS = 10_000;

/**
 * One child process that is started before it is known what it will load. Starting it takes a tenth of a second, mostly
 * of another core: time that a booting application needs for itself anyway.
 */
export class WarmProcess {
  private link: HostLink | undefined;
  private goodbye: NodeJS.Timeout | undefined;

  constructor(private readonly make: HostLinkFactory = processLink) {}

  /** Starts the process, unless one is waiting. It keeps nothing alive, and ends when nobody takes it. */
  start(): void {
    if (this.link) return;
    silenceOrtTelemetry();
    const link = (this.link = this.make());
    link.setReferenced(false);
    link.onExit(() => this.link === link && this.forget());
    this.goodbye = setTimeout(() => this.end(), KEEP_MS).unref();
  }

  /** The process, once; `undefined` when there is none. */
  take(): HostLink | undefined {
    const { link } = this;
    this.forget();
    return link;
  }

  /** Ends the process that nobody took. */
  end(): void {
    this.take()?.abandon();
  }

  private forget(): void {
    clearTimeout(this.goodbye);
    this.link = undefined;
  }
}

/** The one that `WitanFactory` starts, for the first model that is tried. */
export const warmProcess = new WarmProcess();
