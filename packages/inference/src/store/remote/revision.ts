/** What a remote store knows a content by, in one text: `sha256:… etag:…` or one of them, or else `modified:…`. */
export function revisionOf(known: {
  readonly sha256?: string;
  readonly etag?: string | null;
  readonly modified?: string | null;
  readonly bytes: number;
}): string {
  const parts = [known.sha256 && `sha256:${known.sha256}`, known.etag && `etag:${known.etag}`].filter(Boolean);
  if (parts.length > 0) return parts.join(' ');
  return `modified:${known.modified ?? ''}:${known.bytes}`;
}

/** The ETag that a revision was made of. */
export function etagOf(revision: string): string | undefined {
  return /^(?:sha256:[0-9a-f]{64} )?etag:(.*)$/s.exec(revision)?.[1];
}

/** The date that a revision was made of. */
export function modifiedOf(revision: string): string | undefined {
  return /^modified:(.+):\d+$/.exec(revision)?.[1];
}

/** ETags by their opaque text: a proxy that compresses makes a strong one weak, and manifests leave out the quotes. */
export function isSameEtag(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

function bare(etag: string): string {
  return etag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}
