import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * gRPC's interoperability cases, and more, with grpc-java. Arguments: address, and `packs` when the server compresses
 * what it answers. Prints a JSON object: case -> "ok" or what went wrong.
 */
final class GrpcInterop {
  private static final int LARGE_REQUEST = 271828;
  private static final int LARGE_RESPONSE = 314159;
  private static final String SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \ud83d\ude08\t\n";
  private static final Object END = new Object();

  interface Case {
    void run(Channel channel) throws Exception;
  }

  public static void main(String[] args) {
    boolean packs = args.length > 1 && args[1].equals("packs");
    Map<String, Case> cases = new TreeMap<>();
    cases.put("empty_unary", c -> equal(unary(c, "EmptyCall", new byte[0]).length, 0));
    cases.put("large_unary", c -> equal(size(unary(c, "UnaryCall", large())), LARGE_RESPONSE));
    cases.put("client_compressed_unary", GrpcInterop::clientCompressedUnary);
    cases.put("client_compressed_streaming", GrpcInterop::clientCompressedStreaming);
    cases.put("client_streaming", GrpcInterop::clientStreaming);
    cases.put("server_streaming", GrpcInterop::serverStreaming);
    cases.put("ping_pong", GrpcInterop::pingPong);
    cases.put("empty_stream", c -> equal(new Duplex(c, options()).finish().size(), 0));
    cases.put("timeout_on_sleeping_server", GrpcInterop::timeout);
    cases.put("cancel_after_begin", GrpcInterop::cancelAfterBegin);
    cases.put("cancel_after_first_response", GrpcInterop::cancelAfterFirstResponse);
    cases.put("status_code_and_message", c -> failsWith(c, "test status message"));
    cases.put("special_status_message", c -> failsWith(c, SPECIAL));
    cases.put("unimplemented_method", c -> unimplemented(c, "grpc.testing.TestService"));
    cases.put("unimplemented_service", c -> unimplemented(c, "grpc.testing.UnimplementedService"));
    cases.put("custom_metadata", GrpcInterop::customMetadata);
    cases.put("many_at_once", GrpcInterop::manyAtOnce);
    if (packs) {
      cases.put("server_compressed_unary", GrpcInterop::serverCompressedUnary);
      cases.put("server_compressed_streaming", GrpcInterop::serverCompressedStreaming);
    }
    StringBuilder json = new StringBuilder();
    cases.forEach((name, test) ->
        json.append(json.length() == 0 ? "{" : ",").append(quoted(name)).append(':').append(quoted(outcome(args[0], test))));
    System.out.println(json.append('}'));
    System.exit(0);
  }

  private static String outcome(String address, Case test) {
    ManagedChannel channel = ManagedChannelBuilder.forTarget(address).usePlaintext().build();
    try {
      test.run(channel);
      return "ok";
    } catch (Throwable error) {
      return error + " at " + Arrays.toString(Arrays.copyOf(error.getStackTrace(), 6));
    } finally {
      channel.shutdownNow();
    }
  }

  // The messages: few enough to be written by hand.

  private static byte[] varint(int field, long value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writeVarint(out, field << 3);
    writeVarint(out, value);
    return out.toByteArray();
  }

  private static byte[] bytes(int field, byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writeVarint(out, field << 3 | 2);
    writeVarint(out, value.length);
    out.writeBytes(value);
    return out.toByteArray();
  }

  private static void writeVarint(ByteArrayOutputStream out, long value) {
    for (; (value & ~0x7fL) != 0; value >>>= 7) out.write((int) (value & 0x7f | 0x80));
    out.write((int) value);
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) out.writeBytes(part);
    return out.toByteArray();
  }

  private static byte[] payload(int size) {
    return bytes(1, bytes(2, new byte[size]));
  }

  private static byte[] simple(int responseSize, int requestSize) {
    return join(varint(2, responseSize), bytes(3, bytes(2, new byte[requestSize])));
  }

  private static byte[] large() {
    return simple(LARGE_RESPONSE, LARGE_REQUEST);
  }

  private static byte[] output(int requestSize, int... sizes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int size : sizes) out.writeBytes(bytes(2, varint(1, size)));
    out.writeBytes(bytes(3, bytes(2, new byte[requestSize])));
    return out.toByteArray();
  }

  private static byte[] status(String message) {
    return bytes(7, join(varint(1, 2), bytes(2, message.getBytes(StandardCharsets.UTF_8))));
  }

  /** The length of `payload.body`; both stand in field 1 and 2, and nothing beside them. */
  private static int size(byte[] answer) {
    int[] at = {0};
    if (answer.length == 0) return 0;
    readVarint(answer, at);
    if (readVarint(answer, at) == 0) return 0;
    readVarint(answer, at);
    return (int) readVarint(answer, at);
  }

  /** The only field's number. */
  private static long number(byte[] answer) {
    int[] at = {1};
    return answer.length == 0 ? 0 : readVarint(answer, at);
  }

  private static long readVarint(byte[] bytes, int[] at) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = bytes[at[0]++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) return value;
    }
  }

  // Calls.

  private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
    @Override public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  };

  private static MethodDescriptor<byte[], byte[]> method(String service, String name, MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder(BYTES, BYTES)
        .setFullMethodName(service + "/" + name).setType(type).build();
  }

  private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
    return method("grpc.testing.TestService", name, type);
  }

  private static CallOptions options() {
    return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS).withMaxInboundMessageSize(1 << 26);
  }

  private static byte[] unary(Channel channel, String name, byte[] request) {
    return ClientCalls.blockingUnaryCall(channel, method(name, MethodType.UNARY), options(), request);
  }

  /** A stream of requests and answers, as a caller sees it; the type of the method may be narrower. */
  private static final class Duplex {
    final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    ClientCallStreamObserver<byte[]> requests;

    Duplex(Channel channel, CallOptions options) {
      this(channel, options, "FullDuplexCall");
    }

    Duplex(Channel channel, CallOptions options, String name) {
      ClientCall<byte[], byte[]> call = channel.newCall(method(name, MethodType.BIDI_STREAMING), options);
      ClientCalls.asyncBidiStreamingCall(call, new ClientResponseObserver<byte[], byte[]>() {
        @Override public void beforeStart(ClientCallStreamObserver<byte[]> stream) {
          requests = stream;
        }

        @Override public void onNext(byte[] answer) {
          seen.add(answer);
        }

        @Override public void onError(Throwable error) {
          seen.add(error);
        }

        @Override public void onCompleted() {
          seen.add(END);
        }
      });
    }

    byte[] next() throws InterruptedException {
      Object next = seen.poll(20, TimeUnit.SECONDS);
      if (next instanceof byte[]) return (byte[]) next;
      throw new AssertionError("no message, but " + next);
    }

    List<byte[]> finish() throws InterruptedException {
      requests.onCompleted();
      List<byte[]> answers = new ArrayList<>();
      for (;;) {
        Object next = seen.poll(20, TimeUnit.SECONDS);
        if (next == END) return answers;
        if (!(next instanceof byte[])) throw new AssertionError("no message, but " + next);
        answers.add((byte[]) next);
      }
    }

    Status failure() throws InterruptedException {
      for (;;) {
        Object next = seen.poll(20, TimeUnit.SECONDS);
        if (next instanceof Throwable) return Status.fromThrowable((Throwable) next);
        if (!(next instanceof byte[])) throw new AssertionError("the call did not fail: " + next);
      }
    }
  }

  /** How many bytes messages took on the wire, in their order. */
  private static final class WireSizes extends ClientStreamTracer.Factory {
    final BlockingQueue<Long> sent = new LinkedBlockingQueue<>();
    final BlockingQueue<Long> received = new LinkedBlockingQueue<>();

    @Override public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
      return new ClientStreamTracer() {
        @Override public void inboundMessageRead(int number, long wireSize, long size) {
          received.add(wireSize);
        }

        @Override public void outboundMessageSent(int number, long wireSize, long size) {
          sent.add(wireSize);
        }
      };
    }

    /** Whether the next message, which holds a payload of so many bytes, went packed. */
    static void packed(BlockingQueue<Long> sizes, int size, boolean expected) throws InterruptedException {
      equal(sizes.poll(20, TimeUnit.SECONDS) < size / 2, expected);
    }
  }

  // Cases. Those that ask a server whether a message came packed ("probes") are left out: methods are not shown that.

  private static void clientCompressedUnary(Channel channel) throws Exception {
    for (boolean packed : new boolean[] {true, false}) {
      WireSizes sizes = new WireSizes();
      CallOptions options = options().withCompression("gzip").withStreamTracerFactory(sizes);
      ClientCall<byte[], byte[]> call = channel.newCall(method("UnaryCall", MethodType.UNARY), options);
      BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
      call.start(new ClientCall.Listener<>() {
        @Override public void onMessage(byte[] message) {
          answers.add(message);
        }

        @Override public void onClose(Status status, Metadata trailers) {
          answers.add(status);
        }
      }, new Metadata());
      call.request(2);
      call.setMessageCompression(packed);
      call.sendMessage(large());
      call.halfClose();
      Object answer = answers.poll(20, TimeUnit.SECONDS);
      if (!(answer instanceof byte[])) throw new AssertionError("no message, but " + answer);
      equal(size((byte[]) answer), LARGE_RESPONSE);
      WireSizes.packed(sizes.sent, LARGE_REQUEST, packed);
    }
  }

  private static void clientCompressedStreaming(Channel channel) throws Exception {
    WireSizes sizes = new WireSizes();
    CallOptions options = options().withCompression("gzip").withStreamTracerFactory(sizes);
    Duplex call = new Duplex(channel, options, "StreamingInputCall");
    call.requests.setMessageCompression(true);
    call.requests.onNext(payload(27182));
    call.requests.setMessageCompression(false);
    call.requests.onNext(payload(45904));
    equal(number(call.finish().get(0)), 73086L);
    WireSizes.packed(sizes.sent, 27182, true);
    WireSizes.packed(sizes.sent, 45904, false);
  }

  private static void serverCompressedUnary(Channel channel) throws Exception {
    WireSizes sizes = new WireSizes();
    CallOptions options = options().withStreamTracerFactory(sizes);
    byte[] answer = ClientCalls.blockingUnaryCall(channel, method("UnaryCall", MethodType.UNARY), options, simple(LARGE_RESPONSE, 0));
    equal(size(answer), LARGE_RESPONSE);
    WireSizes.packed(sizes.received, LARGE_RESPONSE, true);
  }

  private static void serverCompressedStreaming(Channel channel) throws Exception {
    WireSizes sizes = new WireSizes();
    Duplex call = new Duplex(channel, options().withStreamTracerFactory(sizes));
    call.requests.onNext(output(0, 31415, 92653));
    equal(size(call.next()), 31415);
    equal(size(call.next()), 92653);
    equal(call.finish().size(), 0);
    WireSizes.packed(sizes.received, 31415, true);
    WireSizes.packed(sizes.received, 92653, true);
  }

  private static void clientStreaming(Channel channel) throws Exception {
    Duplex call = new Duplex(channel, options(), "StreamingInputCall");
    for (int size : new int[] {27182, 8, 1828, 45904}) call.requests.onNext(payload(size));
    equal(number(call.finish().get(0)), 74922L);
  }

  private static void serverStreaming(Channel channel) {
    MethodDescriptor<byte[], byte[]> method = method("StreamingOutputCall", MethodType.SERVER_STREAMING);
    Iterator<byte[]> answers =
        ClientCalls.blockingServerStreamingCall(channel, method, options(), output(0, 31415, 9, 2653, 58979));
    for (int size : new int[] {31415, 9, 2653, 58979}) equal(size(answers.next()), size);
    equal(answers.hasNext(), false);
  }

  private static void pingPong(Channel channel) throws Exception {
    Duplex call = new Duplex(channel, options());
    int[][] rounds = {{27182, 31415}, {8, 9}, {1828, 2653}, {45904, 58979}};
    for (int[] round : rounds) {
      call.requests.onNext(output(round[0], round[1]));
      equal(size(call.next()), round[1]);
    }
    equal(call.finish().size(), 0);
  }

  private static void timeout(Channel channel) throws Exception {
    Duplex call = new Duplex(channel, CallOptions.DEFAULT.withDeadlineAfter(50, TimeUnit.MILLISECONDS));
    call.requests.onNext(output(27182));
    equal(call.failure().getCode(), Status.Code.DEADLINE_EXCEEDED);
  }

  private static void cancelAfterBegin(Channel channel) throws Exception {
    Duplex call = new Duplex(channel, options(), "StreamingInputCall");
    call.requests.cancel("enough", null);
    equal(call.failure().getCode(), Status.Code.CANCELLED);
  }

  private static void cancelAfterFirstResponse(Channel channel) throws Exception {
    Duplex call = new Duplex(channel, options());
    call.requests.onNext(output(27182, 31415));
    equal(size(call.next()), 31415);
    call.requests.cancel("enough", null);
    equal(call.failure().getCode(), Status.Code.CANCELLED);
    equal(size(unary(channel, "UnaryCall", simple(5, 0))), 5);
  }

  private static void failsWith(Channel channel, String message) throws Exception {
    Status seen = failure(() -> unary(channel, "UnaryCall", status(message)));
    equal(seen.getCode() + seen.getDescription(), "UNKNOWN" + message);
    Duplex call = new Duplex(channel, options());
    call.requests.onNext(status(message));
    Status streamed = call.failure();
    equal(streamed.getCode() + streamed.getDescription(), "UNKNOWN" + message);
  }

  private static void unimplemented(Channel channel, String service) {
    MethodDescriptor<byte[], byte[]> method = method(service, "UnimplementedCall", MethodType.UNARY);
    Status seen = failure(() -> ClientCalls.blockingUnaryCall(channel, method, options(), new byte[0]));
    equal(seen.getCode(), Status.Code.UNIMPLEMENTED);
  }

  private static void customMetadata(Channel channel) throws Exception {
    customMetadata(channel, method("UnaryCall", MethodType.UNARY), simple(1, 1));
    customMetadata(channel, method("FullDuplexCall", MethodType.BIDI_STREAMING), output(1, 1));
  }

  private static void customMetadata(Channel channel, MethodDescriptor<byte[], byte[]> method, byte[] request)
      throws Exception {
    Metadata.Key<String> initial = Metadata.Key.of("x-grpc-test-echo-initial", Metadata.ASCII_STRING_MARSHALLER);
    Metadata.Key<byte[]> trailing = Metadata.Key.of("x-grpc-test-echo-trailing-bin", Metadata.BINARY_BYTE_MARSHALLER);
    Metadata sent = new Metadata();
    sent.put(initial, "test_initial_metadata_value");
    sent.put(trailing, new byte[] {(byte) 0xab, (byte) 0xab, (byte) 0xab});
    BlockingQueue<Metadata> seen = new LinkedBlockingQueue<>();
    ClientCall<byte[], byte[]> call = channel.newCall(method, options());
    call.start(new ClientCall.Listener<>() {
      @Override public void onHeaders(Metadata headers) {
        seen.add(headers);
      }

      @Override public void onClose(Status status, Metadata trailers) {
        seen.add(trailers);
      }
    }, sent);
    call.request(2);
    call.sendMessage(request);
    call.halfClose();
    equal(seen.poll(20, TimeUnit.SECONDS).get(initial), "test_initial_metadata_value");
    equal(Arrays.toString(seen.poll(20, TimeUnit.SECONDS).get(trailing)), "[-85, -85, -85]");
  }

  private static void manyAtOnce(Channel channel) throws Exception {
    BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    for (int size = 0; size < 500; size++) {
      int expected = size;
      ClientCall<byte[], byte[]> call = channel.newCall(method("UnaryCall", MethodType.UNARY), options());
      ClientCalls.asyncUnaryCall(call, simple(size, 0), new StreamObserver<byte[]>() {
        @Override public void onNext(byte[] answer) {
          seen.add(size(answer) == expected ? END : "another answer");
        }

        @Override public void onError(Throwable error) {
          seen.add(error);
        }

        @Override public void onCompleted() {}
      });
    }
    for (int answer = 0; answer < 500; answer++) equal(seen.poll(20, TimeUnit.SECONDS), END);
  }

  private static Status failure(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException error) {
      return error.getStatus();
    }
    throw new AssertionError("the call did not fail");
  }

  private static void equal(Object seen, Object expected) {
    if (!expected.equals(seen)) throw new AssertionError(seen + " instead of " + expected);
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars().forEach(c -> out.append(c < 32 || c > 126 || c == '"' || c == '\\' ? String.format("\\u%04x", c) : (char) c));
    return out.append('"').toString();
  }
}
