import { encodeJsonRecords } from '@witan/core/frame';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ContractRecord, contractRecord } from './contract-record.js';
import { type ContractSink, deliver } from './deliver.js';

/** A record as it lies at the destination. */
export interface DeliveredRecord {
  readonly id: string;
  readonly requestId: string;
  /** The file that it lies in, where the order is only that within a file. */
  readonly part?: string;
  /** `encodeJsonRecords` of the Frames, where the destination holds them so that they can be restored. */
  readonly input?: string;
  readonly output?: string;
}

/** A destination, and a look behind it. */
export interface SinkUnderTest {
  readonly sink: ContractSink;
  /** What lies there, in the order of its arrival. Called after the sink was closed. */
  delivered(): Promise<readonly DeliveredRecord[]>;
  /** The next so many tries to reach the destination fail, and do no more than that. */
  readonly failNext?: (count: number) => void | Promise<void>;
  /** Makes a record into one that the destination never takes. */
  readonly poisoned?: (record: ContractRecord) => ContractRecord;
  close(): Promise<void>;
}

export interface SinkContractOptions {
  /** The Frames come back with every value. @default true */
  readonly restores?: boolean;
}

const records = (from: number, to: number): ContractRecord[] =>
  Array.from({ length: to - from }, (_, i) => contractRecord(from + i));
const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);

/** What every destination of records does. */
export function sinkContract(
  name: string,
  make: () => Promise<SinkUnderTest>,
  { restores = true }: SinkContractOptions = {},
): void {
  describe(`records in ${name}`, () => {
    let under: SinkUnderTest;
    let sink: ContractSink;
    beforeEach(async () => {
      under = await make();
      sink = under.sink;
    });
    afterEach(async () => {
      await sink.close();
      await under.close();
    });

    const closedAndDelivered = async (): Promise<readonly DeliveredRecord[]> => {
      await sink.close();
      return under.delivered();
    };
    const expectOnce = (delivered: readonly DeliveredRecord[], expected: readonly ContractRecord[]): void => {
      expect(idsOf(delivered).sort()).toEqual(idsOf(expected).sort());
    };
    /** Within each key the order is that of writing. */
    const expectOrder = (delivered: readonly DeliveredRecord[]): void => {
      const last = new Map<string, string>();
      for (const { id, requestId, part } of delivered) {
        const key = `${requestId} ${part}`;
        expect(id > (last.get(key) ?? '')).toBe(true);
        last.set(key, id);
      }
    };

    it('are each there once, in order per key, when the sink is closed', async () => {
      const all = records(0, 60);
      for (let i = 0; i < 60; i += 7) await deliver(sink, all.slice(i, i + 7));
      const delivered = await closedAndDelivered();
      expectOnce(delivered, all);
      expectOrder(delivered);
    });

    it.runIf(restores)('have every value that went in and came out', async () => {
      const all = records(0, 5);
      await deliver(sink, all);
      const byId = new Map((await closedAndDelivered()).map((each) => [each.id, each]));
      for (const { id, requestId, input, output } of all) {
        expect(byId.get(id)).toMatchObject({
          id,
          requestId,
          ...(input && { input: encodeJsonRecords(input) }),
          ...(output && { output: encodeJsonRecords(output) }),
        });
      }
    });

    it('are there once and in order after errors too', async () => {
      if (!under.failNext) return;
      const all = records(0, 40);
      await deliver(sink, all.slice(0, 10));
      await under.failNext(3);
      for (let i = 10; i < 40; i += 10) await deliver(sink, all.slice(i, i + 10));
      const delivered = await closedAndDelivered();
      expectOnce(delivered, all);
      expectOrder(delivered);
    });

    it('are not held up by one that can never be taken, and that one is named', async () => {
      if (!under.poisoned) return;
      const all = records(0, 20);
      all[7] = under.poisoned(all[7]!);
      expect(await deliver(sink, all)).toEqual([all[7].id]);
      expect(await deliver(sink, records(20, 30))).toEqual([]);
      expectOnce(
        await closedAndDelivered(),
        [...all, ...records(20, 30)].filter((_, i) => i !== 7),
      );
    });

    it('may come from several writers at a time', async () => {
      await Promise.all(
        [0, 1, 2, 3].map(async (writer) => {
          for (let i = 0; i < 30; i += 10) await deliver(sink, records(writer * 30 + i, writer * 30 + i + 10));
        }),
      );
      expectOnce(await closedAndDelivered(), records(0, 120));
    });

    it('are given up when they are told to be, and can be written then', async () => {
      const reason = new Error('no longer wanted');
      await expect(sink.write(records(0, 5), AbortSignal.abort(reason))).rejects.toThrow('no longer wanted');
      await deliver(sink, records(0, 5));
      expectOnce(await closedAndDelivered(), records(0, 5));
    });

    it('may be none', async () => {
      await sink.write([], new AbortController().signal);
      expect(await closedAndDelivered()).toEqual([]);
    });

    it('are refused after the sink was closed, which may be closed twice', async () => {
      await sink.close();
      await expect(sink.write(records(0, 1), new AbortController().signal)).rejects.toMatchObject({
        code: 'SINK_ERR_DESTINATION_CLOSED',
      });
      await sink.close();
    });
  });
}
