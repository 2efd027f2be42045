import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** `@witan/inference`'s Store, by shape: this library stands below that package. */
export interface ContractStoreFile {
  readonly path: string;
  readonly bytes: number;
  readonly revision: string;
  readonly sha256?: string;
}

export interface ContractStore {
  readonly uri: string;
  list(folder: string, signal?: AbortSignal): Promise<readonly ContractStoreFile[]>;
  stat(path: string, signal?: AbortSignal): Promise<ContractStoreFile | undefined>;
  read(
    file: ContractStoreFile,
    options?: { readonly offset?: number; readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

/** A store with what it stands for: the suite writes files behind its back. */
export interface StoreUnderTest {
  readonly store: ContractStore;
  put(path: string, content: Uint8Array): Promise<void> | void;
  remove(path: string): Promise<void> | void;
  close(): Promise<void>;
}

const UNSAFE = ['..', '../x', 'a/../../x', '/etc/passwd', 'a//b', 'a/', './a', 'a\\b', 'C:/x', 'a\0b', 'a\nb', 'a/..'];
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** What every Store does, wherever the files lie. */
export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`a ${name} store`, () => {
    let under: StoreUnderTest;
    let store: ContractStore;
    beforeEach(async () => {
      under = await make();
      store = under.store;
    });
    afterEach(async () => {
      await store.close();
      await under.close();
    });

    const put = async (files: Readonly<Record<string, Uint8Array>>): Promise<void> => {
      for (const [path, content] of Object.entries(files)) await under.put(path, content);
    };
    const pathsOf = (files: readonly ContractStoreFile[]): string[] => files.map(({ path }) => path);
    const read = async (file: ContractStoreFile, offset?: number): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await store.read(file, { offset })) chunks.push(chunk);
      return Buffer.concat(chunks);
    };

    it('lists every file below its root by path, with sizes', async () => {
      await put({ 'b/2/model.onnx': bytes('bb'), 'a.onnx': bytes('a'), 'b/10/model.onnx': bytes('bbb') });
      const files = await store.list('');
      expect(pathsOf(files)).toEqual(['a.onnx', 'b/10/model.onnx', 'b/2/model.onnx']);
      expect(files.map((file) => file.bytes)).toEqual([1, 3, 2]);
    });

    it('lists what is at or below a folder, and not what only begins like it', async () => {
      await put({ 'm/1/model.onnx': bytes('1'), 'm/config.pbtxt': bytes('c'), 'm2/1/model.onnx': bytes('2') });
      expect(pathsOf(await store.list('m'))).toEqual(['m/1/model.onnx', 'm/config.pbtxt']);
      expect(pathsOf(await store.list('m/config.pbtxt'))).toEqual(['m/config.pbtxt']);
      expect(await store.list('none/here')).toEqual([]);
    });

    it('does not list names that begin with a dot', async () => {
      await put({ '.git/config': bytes('x'), 'm/.cache/x': bytes('x'), 'm/model.onnx': bytes('m') });
      expect(pathsOf(await store.list(''))).toEqual(['m/model.onnx']);
    });

    it('takes names with spaces, marks and letters of any script', async () => {
      const names = ['100%/a+b&c.onnx', "it's (1)/é#?.onnx", 'モデル/v 1.onnx'].sort();
      await put(Object.fromEntries(names.map((each) => [each, bytes(each)])));
      const files = await store.list('');
      expect(pathsOf(files)).toEqual(names);
      for (const file of files) expect((await read(file)).toString()).toBe(file.path);
    });

    it('says what one file is, as its listing does', async () => {
      await put({ 'm/model.onnx': bytes('abc') });
      const [listed] = await store.list('');
      expect(await store.stat('m/model.onnx')).toEqual(listed);
      expect(await store.stat('m/other.onnx')).toBeUndefined();
      expect(await store.stat('m')).toBeUndefined();
    });

    it('reads a file, whole and from any byte on', async () => {
      const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251));
      await put({ 'm.onnx': content, 'empty.txt': bytes('') });
      const [empty, file] = await store.list('');
      expect((await read(file!)).equals(content)).toBe(true);
      for (const offset of [1, 65_536, 299_999]) {
        expect((await read(file!, offset)).equals(content.subarray(offset))).toBe(true);
      }
      expect(await read(file!, 300_000)).toHaveLength(0);
      expect(await read(empty!)).toHaveLength(0);
    });

    it('gives a new revision to a new content of the same size, and to no other file', async () => {
      await put({ 'a.onnx': bytes('one'), 'b.onnx': bytes('two') });
      const before = await store.list('');
      expect(await store.list('')).toEqual(before);
      await put({ 'a.onnx': bytes('eno') });
      const after = await store.list('');
      expect(after[0]!.revision).not.toBe(before[0]!.revision);
      expect(after[1]).toEqual(before[1]);
    });

    it('does not read another content than was listed', async () => {
      await put({ 'a.onnx': bytes('one'), 'b.onnx': bytes('two'), 'c.onnx': bytes('three') });
      const [a, b, c] = await store.list('');
      await under.put('a.onnx', bytes('eno'));
      await under.put('b.onnx', bytes('longer'));
      await under.remove('c.onnx');
      for (const file of [a!, b!, c!])
        await expect(read(file)).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED' });
      await expect(read(a!, 1)).rejects.toMatchObject({ code: 'INF_ERR_STORE_CHANGED' });
    });

    it.each(UNSAFE)('refuses the path %j before anything is asked for', async (path) => {
      const refused = { code: 'INF_ERR_STORE_PATH', category: 'INVALID_ARGUMENT' };
      await expect(store.list(path)).rejects.toMatchObject(refused);
      await expect(store.stat(path)).rejects.toMatchObject(refused);
      await expect(read({ path, bytes: 1, revision: 'x' })).rejects.toMatchObject(refused);
    });

    it('gives up when it is told to, with the reason that was given', async () => {
      await put({ 'a.onnx': bytes('one') });
      const [file] = await store.list('');
      const gone = AbortSignal.abort(new Error('no longer wanted'));
      await expect(store.list('', gone)).rejects.toThrow('no longer wanted');
      await expect(
        (async () => {
          for await (const _ of await store.read(file!, { signal: gone }));
        })(),
      ).rejects.toThrow(/no longer wanted|aborted/);
    });
  });
}
