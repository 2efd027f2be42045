"""gRPC's interoperability cases, and more, with grpcio. Arguments: address, path of interop.proto.
Prints a JSON object: case -> "ok" or what went wrong."""

import json
import os
import sys
import threading
import time
import traceback

import grpc

address, proto = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.dirname(proto))
pb, services = grpc.protos_and_services(os.path.basename(proto))

LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
STATUS = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
results = {}


def case(function):
    try:
        with grpc.insecure_channel(address, options=LIMITS) as channel:
            function(services.TestServiceStub(channel))
        results[function.__name__] = "ok"
    except BaseException:
        results[function.__name__] = traceback.format_exc(limit=3)
    return function


def simple(size, body=b"", **more):
    return pb.SimpleRequest(response_size=size, payload=pb.Payload(body=body), **more)


def output(*sizes, body=b"", **more):
    parameters = [pb.ResponseParameters(size=size) for size in sizes]
    return pb.StreamingOutputCallRequest(response_parameters=parameters, payload=pb.Payload(body=body), **more)


def failure(call):
    """What a call fails with: of a stream that is given, or of a function that calls."""
    try:
        call() if callable(call) and not hasattr(call, "cancel") else list(call)
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call did not fail")


@case
def empty_unary(stub):
    assert stub.EmptyCall(pb.Empty(), timeout=20) == pb.Empty()


@case
def large_unary(stub):
    assert len(stub.UnaryCall(simple(314159, bytes(271828)), timeout=20).payload.body) == 314159


@case
def sixteen_mib(stub):
    assert len(stub.UnaryCall(simple(16 << 20, bytes((16 << 20) - 100)), timeout=60).payload.body) == 16 << 20


def compressed_unary(stub, algorithm):
    answer = stub.UnaryCall(simple(314159, bytes(271828)), timeout=20, compression=algorithm)
    assert len(answer.payload.body) == 314159


@case
def client_compressed_unary_gzip(stub):
    compressed_unary(stub, grpc.Compression.Gzip)


@case
def client_compressed_unary_deflate(stub):
    compressed_unary(stub, grpc.Compression.Deflate)


@case
def client_compressed_streaming(stub):
    sizes = (27182, 45904, 0, 8)
    requests = (pb.StreamingInputCallRequest(payload=pb.Payload(body=bytes(size))) for size in sizes)
    answer = stub.StreamingInputCall(requests, timeout=20, compression=grpc.Compression.Gzip)
    assert answer.aggregated_payload_size == sum(sizes)


@case
def client_streaming(stub):
    requests = (pb.StreamingInputCallRequest(payload=pb.Payload(body=bytes(size))) for size in (27182, 8, 1828, 45904))
    assert stub.StreamingInputCall(requests, timeout=20).aggregated_payload_size == 74922


@case
def server_streaming(stub):
    sizes = [31415, 9, 2653, 58979]
    assert [len(each.payload.body) for each in stub.StreamingOutputCall(output(*sizes), timeout=20)] == sizes


@case
def slow_reader(stub):
    seen = 0
    for each in stub.StreamingOutputCall(output(*[100_000] * 100), timeout=60):
        seen += len(each.payload.body)
        time.sleep(0.002)
    assert seen == 10_000_000


@case
def ping_pong(stub):
    gate = threading.Semaphore(1)
    sizes = [(27182, 31415), (8, 9), (1828, 2653), (45904, 58979)]

    def requests():
        for sent, wanted in sizes:
            gate.acquire()
            yield output(wanted, body=bytes(sent))

    seen = []
    for each in stub.FullDuplexCall(requests(), timeout=20):
        seen.append(len(each.payload.body))
        gate.release()
    assert seen == [wanted for _, wanted in sizes]


@case
def empty_stream(stub):
    assert list(stub.FullDuplexCall(iter(()), timeout=20)) == []


@case
def timeout_on_sleeping_server(stub):
    def requests():
        yield output(body=bytes(27182))
        time.sleep(1)

    assert failure(stub.FullDuplexCall(requests(), timeout=0.05)).code() == grpc.StatusCode.DEADLINE_EXCEEDED


@case
def cancel_after_begin(stub):
    released = threading.Event()

    def requests():
        released.wait(20)
        yield from ()

    call = stub.StreamingInputCall.future(requests())
    call.cancel()
    released.set()
    assert call.code() == grpc.StatusCode.CANCELLED


@case
def cancel_after_first_response(stub):
    released = threading.Event()

    def requests():
        yield output(31415, body=bytes(27182))
        released.wait(20)

    call = stub.FullDuplexCall(requests())
    assert len(next(call).payload.body) == 31415
    call.cancel()
    released.set()
    assert failure(call).code() == grpc.StatusCode.CANCELLED


@case
def status_code_and_message(stub):
    status = pb.EchoStatus(code=2, message="test status message")
    unary = failure(lambda: stub.UnaryCall(pb.SimpleRequest(response_status=status), timeout=20))
    stream = failure(stub.FullDuplexCall(iter([output(response_status=status)]), timeout=20))
    for error in (unary, stream):
        assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "test status message")


@case
def special_status_message(stub):
    request = pb.SimpleRequest(response_status=pb.EchoStatus(code=2, message=STATUS))
    assert failure(lambda: stub.UnaryCall(request, timeout=20)).details() == STATUS


@case
def unimplemented(stub):
    error = failure(lambda: stub.UnimplementedCall(pb.Empty(), timeout=20))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    with grpc.insecure_channel(address) as channel:
        other = services.UnimplementedServiceStub(channel)
        error = failure(lambda: other.UnimplementedCall(pb.Empty(), timeout=20))
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED


@case
def custom_metadata(stub):
    sent = (("x-grpc-test-echo-initial", "test_initial"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))
    call = stub.FullDuplexCall(iter([output(1)]), metadata=sent, timeout=20)
    assert len(list(call)) == 1
    assert ("x-grpc-test-echo-initial", "test_initial") in list(call.initial_metadata())
    assert ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab") in list(call.trailing_metadata())


@case
def many_at_once(stub):
    calls = [stub.UnaryCall.future(simple(index), timeout=60) for index in range(500)]
    assert [len(call.result().payload.body) for call in calls] == list(range(500))


print(json.dumps(results))
os._exit(0)
