import { contractRecord, deliver, type KafkaServer, sinkContract, startKafkaServer } from '@witan-libs/testing';
import { encodeJsonRecords, Frame } from '@witan/core/frame';
import { KafkaSink, type KafkaSinkOptions, parseJsonLine } from '@witan/sinks';
import { Admin, Consumer } from '@platformatic/kafka';
import protobuf from 'protobufjs';
import { afterAll, describe, expect, it } from 'vitest';
import { HUSHAR_PROTO } from '@witan/protocols';

const kafka = await startKafkaServer();
let topics = 0;

interface Message {
  readonly key: string | undefined;
  readonly value: Buffer;
  readonly id: string;
  readonly partition: number;
  readonly offset: bigint;
}

if ('broker' in kafka) {
  afterAll(() => kafka.close());
  tests(kafka);
}

async function newTopic({ broker }: KafkaServer): Promise<string> {
  const topic = `records-${++topics}`;
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker] });
  await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 });
  await admin.close();
  return topic;
}

/** Everything in a topic, partition after partition. */
async function messagesOf({ broker }: KafkaServer, topic: string): Promise<Message[]> {
  const consumer = new Consumer({ clientId: 'test', groupId: `group-${topic}`, bootstrapBrokers: [broker] });
  const ends = await consumer.listOffsets({ topics: [topic], timestamp: -1n });
  let left = (ends.get(topic) ?? []).reduce((total, end) => total + Number(end), 0);
  const messages: Message[] = [];
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', sessionTimeout: 10_000 });
  if (left > 0) {
    for await (const { key, value, headers, partition, offset } of stream) {
      const id = [...headers].find(([name]) => String(name) === 'witan-record-id')?.[1];
      messages.push({ key: key?.toString(), value, id: String(id), partition, offset });
      if (--left === 0) break;
    }
  }
  await stream.close();
  await consumer.close(true);
  return messages.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}

function tests(server: KafkaServer): void {
  const sinkOf = (topic: string, options: Partial<KafkaSinkOptions> = {}): KafkaSink =>
    new KafkaSink({ brokers: [server.broker], topic, ...options });
  const records = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => contractRecord(from + i));

  for (const options of [{}, { compression: 'none' }] satisfies Partial<KafkaSinkOptions>[]) {
    sinkContract(`Kafka, with ${JSON.stringify(options)}`, async () => {
      const topic = await newTopic(server);
      return {
        sink: sinkOf(topic, options),
        delivered: async () =>
          (await messagesOf(server, topic)).map(({ value, id }) => {
            const { requestId, input, output } = parseJsonLine(value.toString());
            const texts = {
              ...(input && { input: encodeJsonRecords(input) }),
              ...(output && { output: encodeJsonRecords(output) }),
            };
            return { id, requestId, ...texts };
          }),
        // What compresses to nothing would fit: these are random.
        poisoned: (record) => ({
          ...record,
          input: Frame.fromColumns({ x: Float64Array.from({ length: 400_000 }, Math.random) }),
        }),
        close: () => Promise.resolve(),
      };
    });
  }

  describe('a Kafka topic', () => {
    it('has the records of one key in one partition, under that key', async () => {
      const topic = await newTopic(server);
      const sink = sinkOf(topic, { key: { column: 'user' } });
      const of = (i: number, user: string) => ({ ...contractRecord(i), input: Frame.fromColumns({ user: [user] }) });
      await deliver(
        sink,
        Array.from({ length: 30 }, (_, i) => of(i, `user-${i % 5}`)),
      );
      await deliver(sink, [{ ...contractRecord(33), input: undefined }]);
      await sink.close();
      const messages = await messagesOf(server, topic);
      const keys = new Map<string | undefined, Set<number>>();
      for (const { key, partition } of messages) keys.set(key, (keys.get(key) ?? new Set()).add(partition));
      expect([...keys.keys()].sort()).toEqual(['request-0', 'user-0', 'user-1', 'user-2', 'user-3', 'user-4']);
      expect([...keys.values()].every((partitions) => partitions.size === 1)).toBe(true);
      expect(new Set(messages.map(({ partition }) => partition)).size).toBeGreaterThan(1);
    });

    it('has InferenceLogs where they are asked for', async () => {
      const topic = await newTopic(server);
      const sink = sinkOf(topic, { value: 'hushar' });
      await deliver(sink, records(0, 1));
      await sink.close();
      const [message] = await messagesOf(server, topic);
      const type = protobuf.parse(HUSHAR_PROTO).root.lookupType('hushar.InferenceLogs');
      expect(type.toObject(type.decode(message!.value))).toMatchObject({
        inferenceLogBatches: [{ requestId: 'request-0', modelId: 'iris@3' }],
      });
    });

    it('that is not there is made if asked for, and otherwise waited for', async () => {
      const stop = AbortSignal.timeout(60_000);
      const waiting = sinkOf('not-there', { timeoutMs: 1_000 });
      await expect(waiting.write(records(0, 1), stop)).rejects.toMatchObject({ code: 'SINK_ERR_UNAVAILABLE' });
      await waiting.close();
      const sink = sinkOf('made-here', { createTopics: true });
      await deliver(sink, records(0, 3), 100);
      await sink.close();
      expect(await messagesOf(server, 'made-here')).toHaveLength(3);
    });

    it('loses nothing and keeps the order when its broker is killed and comes back while records are written', async () => {
      const topic = await newTopic(server);
      const sink = sinkOf(topic, { timeoutMs: 2_000 });
      const all = records(0, 400);
      let next = 0;
      let dead = false;
      const writing = (async () => {
        for (; next < all.length; next += 4) {
          await deliver(sink, all.slice(next, next + 4), 100);
          // As many as it takes for the broker to die among them.
          if (!dead && next > 300) await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      while (next < 100) await new Promise((resolve) => setImmediate(resolve));
      await server.kill();
      dead = true;
      expect(next).toBeLessThan(400);
      await server.restart();
      await writing;
      await sink.close();
      const messages = await messagesOf(server, topic);
      const ids = new Set(messages.map(({ id }) => id));
      expect(ids).toEqual(new Set(all.map(({ id }) => id)));
      // What was sent twice is marked by its id; the first of each is in order.
      const last = new Map<string | undefined, string>();
      const seen = new Set<string>();
      for (const { key, id } of messages.filter((message) => !seen.has(message.id) && seen.add(message.id))) {
        expect(id > (last.get(key) ?? '')).toBe(true);
        last.set(key, id);
      }
      console.log(`${messages.length - ids.size} of ${all.length} records are there twice`);
    });

    it('takes what is written after a batch whose acknowledgement was lost, and does not think that it has it', async () => {
      const topic = await newTopic(server);
      const { relay } = server;
      const sink = new KafkaSink({ brokers: [`127.0.0.1:${relay.port}`], topic, timeoutMs: 300, key: 'point' });
      const never = new AbortController().signal;
      await sink.write(records(0, 3), never);
      relay.silent = true;
      const lost = sink.write(records(5, 8), never);
      await expect(lost).rejects.toMatchObject({ code: 'SINK_ERR_UNAVAILABLE' });
      relay.silent = false;
      relay.cut();
      // As many others: a broker that goes by the numbers of the client would drop them as sent twice.
      await deliver(sink, records(10, 13), 50);
      await sink.close();
      const ids = new Set((await messagesOf(server, topic)).map(({ id }) => id));
      expect(ids).toEqual(new Set([...records(0, 3), ...records(5, 8), ...records(10, 13)].map(({ id }) => id)));
    });

    it('that cannot be reached fails the write, which ends at once when nobody waits any more', async () => {
      const sink = new KafkaSink({ brokers: ['127.0.0.1:1'], topic: 'x', timeoutMs: 1_000 });
      await expect(sink.write(records(0, 1), new AbortController().signal)).rejects.toMatchObject({
        code: 'SINK_ERR_UNAVAILABLE',
      });
      const stop = new AbortController();
      const stopped = expect(sink.write(records(0, 1), stop.signal)).rejects.toThrow('enough');
      stop.abort(new Error('enough'));
      await stopped;
      await sink.close();
    });
  });
}
