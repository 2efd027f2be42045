import { expect, it } from 'vitest';
import { data, Flag, grpcMessage } from '../http2/frames.js';
import { echoStream, echoUnary, type RpcSuite, unary } from './suite.js';
import { path, until } from './stage.js';

const UNIMPLEMENTED = 12;
const text = (value: string): ReturnType<typeof unary> => unary((call) => call.answer(Buffer.from(value)));

/** Which methods there are, while the server runs. */
export function methodsContract({ stage }: RpcSuite): void {
  it.each([
    '/contract.Test/None',
    '/contract.None/Echo',
    '/contract.Test/echo',
    '/contract.Test/',
    '/contract.Test',
    '/Echo',
    '/',
    '//',
    '/contract.Test/Echo/',
    '/contract.Test/Echo?x=1',
    '/__proto__/constructor',
    '/contract.Test/__proto__',
    '/contract.Test/toString',
    `/${'x'.repeat(5000)}/y`,
  ])('answers %s with UNIMPLEMENTED', async (unknown) => {
    await stage().serve({ Echo: echoUnary });
    const connection = await stage().raw();
    expect((await connection.call(unknown, Buffer.from('x'))).status).toBe(UNIMPLEMENTED);
    const open = connection.open(unknown);
    expect((await connection.over(open)).status).toBe(UNIMPLEMENTED);
    expect((await connection.call(path('Echo'), Buffer.from('x'))).status).toBe(0);
    expect(connection.faults).toEqual([]);
  });

  it('adds methods while it runs, also to a service that is there', async () => {
    const server = await stage().serve({ One: text('1') });
    const caller = stage().grpc();
    expect((await caller.unary('/contract.Other/Two')).code).toBe(UNIMPLEMENTED);
    server.addMethods('contract.Other', { Two: text('2') });
    server.addMethods('contract.Test', { Three: text('3') });
    const answers = await Promise.all(
      ['/contract.Test/One', '/contract.Other/Two', '/contract.Test/Three'].map((each) => caller.unary(each)),
    );
    expect(answers.map(({ answer }) => answer?.toString())).toEqual(['1', '2', '3']);
  });

  it('takes all methods of a service away, and others in their place', async () => {
    const server = await stage().serve({ One: text('1') });
    server.addMethods('contract.Test', { Two: text('2') });
    server.addMethods('contract.Other', { One: text('other') });
    const caller = stage().grpc();
    await caller.unary(path('One'));
    server.removeMethods('contract.Test');
    server.removeMethods('contract.None');
    const gone = await Promise.all([path('One'), path('Two')].map((each) => caller.unary(each)));
    expect(gone.map(({ code }) => code)).toEqual([UNIMPLEMENTED, UNIMPLEMENTED]);
    server.addMethods('contract.Test', { One: text('new') });
    const now = await Promise.all([path('One'), '/contract.Other/One'].map((each) => caller.unary(each)));
    expect(now.map(({ answer }) => answer?.toString())).toEqual(['new', 'other']);
  });

  it('lets calls of a service that is taken away go on', async () => {
    let answer: (() => void) | undefined;
    const held = unary((call) => (answer = () => call.answer(Buffer.from('done'))));
    const server = await stage().serve({ Held: held, Stream: echoStream });
    const connection = await stage().raw();
    const stream = connection.open(path('Stream'));
    const waiting = connection.call(path('Held'), Buffer.alloc(0));
    await until(() => answer !== undefined);
    server.removeMethods('contract.Test');
    connection.send(data(stream, grpcMessage(Buffer.from('x')), Flag.END_STREAM));
    answer!();
    expect((await waiting).messages.map(String)).toEqual(['done']);
    expect((await connection.over(stream)).messages.map(String)).toEqual(['x']);
  });

  it('refuses a method that is there already', async () => {
    const server = await stage().serve({ One: text('1') });
    expect(() => server.addMethods('contract.Test', { One: text('2') })).toThrow(
      expect.objectContaining({ code: 'CORE_ERR_GRPC_OPTION', message: expect.stringContaining('contract.Test') }),
    );
    expect((await stage().grpc().unary(path('One'))).answer?.toString()).toBe('1');
  });

  it('knows methods that were added before it started, without any being there', async () => {
    const server = stage().made();
    await server.start();
    stage().server = server;
    expect((await stage().grpc().unary(path('Echo'))).code).toBe(UNIMPLEMENTED);
    server.addMethods('contract.Test', { Echo: echoUnary });
    expect((await stage().grpc().unary(path('Echo'))).code).toBe(0);
  });
}
