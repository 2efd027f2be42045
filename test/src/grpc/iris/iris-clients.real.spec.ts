import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Metadata, status } from '@grpc/grpc-js';
import { fixture, fixtureRecords } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startProcess } from '../../harness/app-process.js';
import { largestDistance } from '../../harness/requests.js';
import { SERVER_KINDS } from '../servers.js';
import { type Answer, IrisClient, type Row } from './grpc-js-client.js';
import { runTonicClient, tonicClient } from './tonic-client.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const TOLERANCE = 1e-5;
const data = fixture('iris');
const expected = data.expected['sepal_length']!.map((row) => (row as number[])[0]!);
const rows = fixtureRecords(data) as Row[];
/** Fewer would mean that the client lost some. */
const TONIC_CASES = 11;

// Building it may take minutes, which hooks have.
let tonic: Awaited<ReturnType<typeof tonicClient>>;
beforeAll(async () => void (tonic = await tonicClient()));

describe.each(SERVER_KINDS)('the service of apps/iris on %s', (kind) => {
  let app: AppProcess;
  beforeAll(async () => void (app = await startProcess([MAIN], { GRPC_SERVER: kind })));
  afterAll(() => app?.stop());

  it('tonic’s client finds every case as it should be', async (context) => {
    if ('missing' in tonic) return context.skip(tonic.missing);
    const sent = rows.map((row) => [row.sepal_width!, row.petal_length!, row.petal_width!]);
    const { predictions, cases } = await runTonicClient(tonic.path, app.grpcAddress, sent);
    expect(largestDistance(predictions, expected)).toBeLessThan(TOLERANCE);
    expect(Object.entries(cases).filter(([, outcome]) => outcome !== 'ok')).toEqual([]);
    expect(Object.keys(cases).length).toBe(TONIC_CASES);
  });

  describe('grpc-js’s client', () => {
    let client: IrisClient;
    beforeAll(() => void (client = new IrisClient(app.grpcAddress)));
    afterAll(() => client?.close());

    it.each([
      ['as they are', {}],
      ['compressed', { 'grpc.default_compression_algorithm': 2 }],
    ])('gets every row’s prediction, messages %s', async (_, options) => {
      const one = new IrisClient(app.grpcAddress, options);
      const { answer } = await one.predict(rows);
      one.close();
      expect(
        largestDistance(
          answer!.rows.map((row) => row.sepal_length),
          expected,
        ),
      ).toBeLessThan(TOLERANCE);
    });

    it('gets the answers of a stream in order', async () => {
      const call = client.stream();
      for (let count = 1; count <= 50; count++) call.write({ rows: rows.slice(0, count) });
      call.end();
      const counts: number[] = [];
      for await (const answer of call as AsyncIterable<Answer>) counts.push(answer.rows.length);
      expect(counts).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
    });

    it('gets an error with details', async () => {
      const { error } = await client.predict([{ sepal_width: -1, petal_length: 1, petal_width: 1 }]);
      const details = String(error!.metadata.get('grpc-status-details-bin')[0]);
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
      expect(details).toContain('CORE_ERR_VALIDATION');
      expect(details).toContain('rows[0].sepal_width');
    });

    it('sends metadata, and gets it', async () => {
      const metadata = new Metadata();
      metadata.set('x-request-id', 'from-grpc-js');
      const { initial } = await client.predict(rows.slice(0, 1), metadata);
      expect(initial.get('x-request-id')).toEqual(['from-grpc-js']);
    });

    it('has a deadline', async () => {
      const late = await client.predict(rows, new Metadata(), { deadline: Date.now() - 1 });
      expect(late.error!.code).toBe(status.DEADLINE_EXCEEDED);
      const call = client.stream({ deadline: Date.now() + 500 });
      call.write({ rows: rows.slice(0, 1) });
      call.resume();
      const [error] = (await once(call, 'error')) as [{ code: number }];
      expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    });
  });
});
