import { CommandError } from '../terminal.js';

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};
/** Timers cannot run longer. */
const MAX_MS = 2 ** 31 - 1;

/** `500ms`, `10s`, `2m`, `1h` in milliseconds. @throws {CommandError} */
export function duration(text: string, where: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = number === undefined ? NaN : Math.round(Number(number) * MS[unit!]!);
  if (ms >= 1 && ms <= MAX_MS) return ms;
  throw new CommandError(`${where}: '${text}' is no duration: write 500ms, 10s, 2m or 1h`);
}

/** `1073741824`, `512MB`, `8GiB` in bytes. @throws {CommandError} */
export function bytes(text: string, where: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) *([KMG]i?B|B?)$/i.exec(text) ?? [];
  const count = number === undefined ? NaN : Math.round(Number(number) * BYTES[unit!.toUpperCase()]!);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new CommandError(`${where}: '${text}' is no size: write a number of bytes, 512MB or 8GiB`);
}

/** A whole number from 1 to `max`. @throws {CommandError} */
export function count(text: string, where: string, max: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (number >= 1 && number <= max) return number;
  throw new CommandError(`${where}: '${text}' is no whole number from 1 to ${max}`);
}

/** A port, the path of a unix socket, or `off`. @throws {CommandError} */
export function listenTarget(text: string, where: string): number | string | false {
  if (text === 'off' || text === 'false') return false;
  if (/^\d+$/.test(text)) {
    if (Number(text) <= 65_535) return Number(text);
  } else if (/[./\\]/.test(text)) return text;
  throw new CommandError(
    `${where}: '${text}' is no port: write a number from 0 to 65535 (0: any free one), the path of a unix socket, or off`,
  );
}

/** One of a few words. @throws {CommandError} */
export function oneOf<T extends string>(text: string, where: string, words: readonly T[]): T {
  if ((words as readonly string[]).includes(text)) return text as T;
  throw new CommandError(`${where}: '${text}' is not one of ${words.join(', ')}`);
}
