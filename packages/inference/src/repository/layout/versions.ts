const WHOLE_NUMBER = /^\d+$/;
/** `1.2.3` or `v1.2.3`: what a `-` after it marks as coming before it. */
const RELEASE = /^v?\d+\.\d+\.\d+$/;
const RANK = { preRelease: 0, end: 1, numeral: 2, text: 3 } as const;

/**
 * Ascending: whole numbers by value, then other names, in which numerals count by value (`v2` before `v10`) and a
 * pre-release comes before its release (`1.0.0-rc1` before `1.0.0`). A total order: 0 only for equal names.
 */
export function compareVersions(a: string, b: string): number {
  const numbered = WHOLE_NUMBER.test(a);
  if (numbered !== WHOLE_NUMBER.test(b)) return numbered ? -1 : 1;
  return (numbered ? compareNumerals(a, b) : compareNames(a, b)) || compareTexts(a, b);
}

/** The greatest by {@link compareVersions}; `undefined` of none. */
export function latestVersion(versions: Iterable<string>): string | undefined {
  let latest: string | undefined;
  for (const version of versions) if (latest === undefined || compareVersions(version, latest) > 0) latest = version;
  return latest;
}

function compareNames(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  let before = '';
  for (let i = 0; i < left.length || i < right.length; i++) {
    const order = compareParts(left[i], right[i], before);
    if (order !== 0) return order;
    before += left[i];
  }
  return 0;
}

/** `before` is what both began with (numerals in the first one's writing). */
function compareParts(a: string | undefined, b: string | undefined, before: string): number {
  const rank = rankOf(a, before);
  const order = rank - rankOf(b, before);
  if (order !== 0 || a === undefined || b === undefined) return order;
  return rank === RANK.numeral ? compareNumerals(a, b) : compareTexts(a, b);
}

function rankOf(part: string | undefined, before: string): number {
  if (part === undefined) return RANK.end;
  if (part.startsWith('-') && RELEASE.test(before)) return RANK.preRelease;
  return WHOLE_NUMBER.test(part) ? RANK.numeral : RANK.text;
}

/** Of any length, without losing digits. */
function compareNumerals(a: string, b: string): number {
  const left = a.replace(/^0+(?=\d)/, '');
  const right = b.replace(/^0+(?=\d)/, '');
  return left.length - right.length || compareTexts(left, right);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
