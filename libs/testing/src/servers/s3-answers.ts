import type { ServerResponse } from 'node:http';
import { etagOf } from './etag.js';

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** An error in S3's XML. */
export function s3Error(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} by the test</Message></Error>`);
}

/** A page of ListObjectsV2; the continuation token is the last key of the page before. */
export function s3Listing(
  response: ServerResponse,
  files: ReadonlyMap<string, Buffer>,
  query: URLSearchParams,
  pageSize: number,
): void {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? '';
  const left = [...files.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = left.slice(0, pageSize);
  const contents = page.map((key) => {
    const content = files.get(key)!;
    return `<Contents><Key>${escape(key)}</Key><ETag>${escape(etagOf(content))}</ETag><Size>${content.length}</Size></Contents>`;
  });
  const isLast = left.length <= pageSize;
  const next = isLast ? '' : `<NextContinuationToken>${escape(page.at(-1)!)}</NextContinuationToken>`;
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${!isLast}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
  );
}
