import { layoutError } from '../layout.errors.js';
import { quoted } from '../names.js';

/** Where in a text reading has come to, and how to say so. */
export class TextCursor {
  at = 0;

  constructor(
    readonly text: string,
    readonly fileName: string,
  ) {}

  /** The character here; `''` at the end. */
  get here(): string {
    return this.text.charAt(this.at);
  }

  skipBlanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x23) this.skipLine();
      else if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) this.at++;
      else return;
    }
  }

  /** Steps over one character, if it is here, and the blanks after it. */
  take(character: string): boolean {
    if (this.here !== character) return false;
    this.at++;
    this.skipBlanks();
    return true;
  }

  /** What the sticky expression matches here. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const [found] = expression.exec(this.text) ?? [];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** What is here, for a message. */
  get sight(): string {
    if (this.at >= this.text.length) return 'the end of the file';
    return quoted(/^(?:\w+|[^])/u.exec(this.text.slice(this.at, this.at + 40))?.[0] ?? '');
  }

  fail(message: string, at = this.at): never {
    const before = this.text.slice(0, at).split('\n');
    const line = before.length;
    const column = before.at(-1)!.length + 1;
    throw layoutError('INF_ERR_MODEL_CONFIG', `${this.fileName}:${line}:${column}: ${message}`, {
      details: { file: this.fileName, line, column },
    });
  }

  private skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }
}
