import { fixture, fixtureRecords } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startApp } from '../harness/app-process.js';
import { type ReflectedClient, reflectedClient } from '../harness/grpc-client.js';
import { postRecords } from '../harness/requests.js';

const ROUNDS = 20;
const GOOD = 63;
const data = fixture('iris');
const rows = fixtureRecords(data);
const expected = data.expected['sepal_length']!.map((row) => (row as number[])[0]!);

/** What each request is: 63 good ones, and a bad one at another place in every round. */
function round(number: number): (number | 'bad')[] {
  const good = Array.from({ length: GOOD }, (_, index) => (number * GOOD + index) % rows.length);
  const at = (number * 7) % (GOOD + 1);
  return [...good.slice(0, at), 'bad', ...good.slice(at)];
}

type Send = (row: Record<string, unknown>) => Promise<number>;

async function answered(send: Send, bad: Record<string, unknown>): Promise<{ good: number; refused: string[] }> {
  let good = 0;
  const refused: string[] = [];
  for (let number = 0; number < ROUNDS; number++) {
    const requests = round(number);
    const outcomes = await Promise.allSettled(requests.map((row) => send(row === 'bad' ? bad : rows[row]!)));
    for (const [index, outcome] of outcomes.entries()) {
      const row = requests[index]!;
      if (row === 'bad') refused.push(outcome.status === 'rejected' ? String(outcome.reason) : 'answered');
      else if (outcome.status === 'fulfilled' && Math.abs(outcome.value - expected[row]!) < 1e-5) good++;
    }
  }
  return { good, refused };
}

describe('63 good requests and a bad one, sent at once, 20 times', () => {
  let app: AppProcess;
  let client: ReflectedClient;

  beforeAll(async () => {
    app = await startApp('iris');
    client = await reflectedClient(app.grpcAddress, app.grpcService);
  });

  afterAll(async () => {
    client?.close();
    await app?.stop();
  });

  const overHttp: Send = async (row) => {
    const record = { sepalWidth: row['sepal_width'], petalLength: row['petal_length'], petalWidth: row['petal_width'] };
    const [answer] = await postRecords(`${app.url}/predictions/iris`, [record]);
    return answer!['sepalLength'] as number;
  };
  const overGrpc: Send = async (row) => {
    const answer = (await client.call('Predict', { rows: [row] })) as { rows: { sepal_length: number }[] };
    return answer.rows[0]!.sepal_length;
  };

  it('over HTTP: 1,260 answers, 20 refusals', async () => {
    const { good, refused } = await answered(overHttp, { sepal_width: -1, petal_length: 'long', petal_width: null });
    expect(good).toBe(ROUNDS * GOOD);
    expect(refused.every((text) => text.includes('422'))).toBe(true);
  });

  it('over gRPC: 1,260 answers, 20 refusals', async () => {
    const { good, refused } = await answered(overGrpc, { sepal_width: -1, petal_length: 1, petal_width: 1 });
    expect(good).toBe(ROUNDS * GOOD);
    expect(refused.every((text) => text.includes('INVALID_ARGUMENT'))).toBe(true);
  });
});
