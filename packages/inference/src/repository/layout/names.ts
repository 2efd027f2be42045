import { isSafeRelativePath } from '../../store/safe-path.js';

/** One segment of a URL, a file system and a metric's label alike. */
const SAFE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/;

/** Triton's: a whole number above 0, written as such, that fits its 64 bits. */
const NUMBERED_VERSION = /^[1-9]\d{0,18}$/;

/** Hidden (`.git`, Kubernetes' `..data`), or what systems leave behind in folders. */
const IGNORED = /(?:^|\/)(?:\.|(?:lost\+found|__MACOSX|Thumbs\.db|desktop\.ini)(?:\/|$))/;

/** The rule of {@link isSafeName}, for messages. */
export const NAME_RULE = "1 to 255 of A-Z a-z 0-9 . _ -, the first not '.'";

/** Whether a model or a version may be called so. */
export function isSafeName(name: string): boolean {
  return SAFE_NAME.test(name);
}

/** Whether Triton would take a folder of that name for a version. */
export function isNumberedVersion(name: string): boolean {
  return NUMBERED_VERSION.test(name);
}

/** Whether a file lies in, or is, something hidden or left behind. */
export function isIgnored(path: string): boolean {
  return IGNORED.test(path);
}

/** Whether a configuration may name a file so: below its model's folder, nothing hidden. */
export function isSafeFile(path: string): boolean {
  return isSafeRelativePath(path) && !path.startsWith('.') && !path.includes('/.');
}

/** Control characters, line separators and marks that turn the direction of text. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** For a message: in one line, without what a terminal would act on. */
export function printable(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, '?');
}

/** For a message: quoted, escaped and cut, whatever it was. */
export function quoted(text: string, maxLength = 80): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return printable(JSON.stringify(cut.toWellFormed()));
}
