"""Calls a server with Triton's own gRPC client, as its examples do, and prints what came back as JSON.

usage: oip_grpc_client.py HOST:PORT sync|aio
       oip_grpc_client.py describe
"""

import asyncio
import inspect
import json
import queue
import sys

import numpy as np
import tritonclient.grpc as sync_client
import tritonclient.grpc.aio as aio_client
from tritonclient.grpc import model_config_pb2, service_pb2
from tritonclient.utils import InferenceServerException


def described():
    """The fields of every message and the methods of the service, as the client's own stubs have them."""
    messages = {}

    def describe(message):
        messages[message.full_name] = {
            field.name: [field.number, field.type, field.message_type.full_name if field.message_type else None]
            for field in message.fields
        }
        for nested in message.nested_types:
            describe(nested)

    for module in [service_pb2, model_config_pb2]:
        for message in module.DESCRIPTOR.message_types_by_name.values():
            describe(message)
    service = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    methods = {
        method.name: [method.input_type.name, method.output_type.name, method.client_streaming, method.server_streaming]
        for method in service.methods
    }
    enums = {
        enum.full_name: {value.name: value.number for value in enum.values}
        for module in [model_config_pb2]
        for enum in module.DESCRIPTOR.enum_types_by_name.values()
    }
    return {"messages": messages, "methods": methods, "enums": enums}


def listed(array):
    """An array as JSON holds it: bytes as text."""

    def plain(value):
        if isinstance(value, list):
            return [plain(each) for each in value]
        return value.decode() if isinstance(value, bytes) else value

    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": plain(array.tolist())}


def input_of(name, array, datatype):
    made = sync_client.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


IDENTITIES = {
    "f16": ("FP16", np.array([[1, -2, np.inf]], np.float16)),
    "f32": ("FP32", np.array([[1.5, 1e-45, -3e38]], np.float32)),
    "f64": ("FP64", np.array([[np.pi, 5e-324, -1e300]], np.float64)),
    "i8": ("INT8", np.array([[-128, 0, 127]], np.int8)),
    "i16": ("INT16", np.array([[-32768, 0, 32767]], np.int16)),
    "i32": ("INT32", np.array([[-(2**31), 0, 2**31 - 1]], np.int32)),
    "i64": ("INT64", np.array([[-(2**63), 2**53 + 1, 2**63 - 1]], np.int64)),
    "u8": ("UINT8", np.array([[0, 1, 255]], np.uint8)),
    "u16": ("UINT16", np.array([[0, 1, 65535]], np.uint16)),
    "u32": ("UINT32", np.array([[0, 1, 2**32 - 1]], np.uint32)),
    "u64": ("UINT64", np.array([[0, 2**53 + 1, 2**64 - 1]], np.uint64)),
    "bool": ("BOOL", np.array([[True, False, True]], np.bool_)),
    "string": ("BYTES", np.array([["gr\u00fcn", "", "\U0001f33c"]], dtype=np.object_)),
}

ROWS = np.array([[3.5, 1.4, 0.2], [3.0, 4.0, 1.0]], np.float32)


def row(x):
    return [input_of("x", np.full((1, 3), x, np.float32), "FP32")]


def stream_sync(client):
    """Sends requests on one stream, one of them wrong; gives what the callback saw."""
    seen = queue.Queue()
    client.start_stream(callback=lambda result, error: seen.put((result, error)))
    for i in range(10):
        model = "nope" if i == 4 else "identity-f32"
        client.async_stream_infer(model, row(i), request_id=str(i))
    answers = [seen.get(timeout=20) for _ in range(10)]
    client.stop_stream()
    return [str(error) if error else [result.get_response().id, float(result.as_numpy("y")[0, 0])] for result, error in answers]


async def stream_aio(client):
    async def requests():
        for i in range(10):
            model = "nope" if i == 4 else "identity-f32"
            yield {"model_name": model, "inputs": row(i), "request_id": str(i)}

    seen = []
    async for result, error in client.stream_infer(requests()):
        seen.append(str(error) if error else [result.get_response().id, float(result.as_numpy("y")[0, 0])])
    return seen


async def main(address, kind):
    seen = {}
    client = (aio_client if kind == "aio" else sync_client).InferenceServerClient(address)

    async def call(method, *args, **kwargs):
        answer = getattr(client, method)(*args, **kwargs)
        return await answer if inspect.isawaitable(answer) else answer

    async def refused(method, *args, **kwargs):
        try:
            await call(method, *args, **kwargs)
        except InferenceServerException as error:
            return [error.status(), error.message()]
        return ["not refused", ""]

    seen["live"] = await call("is_server_live")
    seen["ready"] = await call("is_server_ready")
    seen["model_ready"] = await call("is_model_ready", "iris")
    seen["unknown_ready"] = await call("is_model_ready", "nope")
    seen["metadata"] = await call("get_server_metadata", as_json=True)
    seen["model_metadata"] = await call("get_model_metadata", "iris", "1", as_json=True)
    seen["config"] = await call("get_model_config", "iris", as_json=True)

    seen["identities"] = {}
    for name, (datatype, array) in IDENTITIES.items():
        answer = await call("infer", f"identity-{name}", [input_of("x", array, datatype)])
        same = answer.as_numpy("y")
        got = np.array([[each.decode() for each in same[0]]]) if datatype == "BYTES" else same
        expected = array.astype(np.str_) if datatype == "BYTES" else array
        seen["identities"][name] = bool(
            got.shape == expected.shape and np.array_equal(got, expected) and (datatype == "BYTES" or same.dtype == array.dtype)
        )

    inputs = [input_of("X", ROWS, "FP32")]
    default = await call("infer", "iris", inputs, request_id="r1", priority=2, timeout=10_000_000, parameters={"mine": 1.5})
    response = default.get_response(as_json=True)
    response.pop("raw_output_contents", None)
    seen["default"] = {"answer": response, "output": listed(default.as_numpy("sepal_length"))}
    for algorithm in ["gzip", "deflate"]:
        answer = await call("infer", "iris", inputs, compression_algorithm=algorithm)
        seen[algorithm] = listed(answer.as_numpy("sepal_length"))["values"]

    flower = [input_of("X", np.array([[5, 3, 1, 0]], np.float32), "FP32")]
    chosen = await call("infer", "iris-classifier", flower, outputs=[sync_client.InferRequestedOutput("label")])
    seen["chosen"] = [output.name for output in chosen.get_response().outputs]
    outputs = [sync_client.InferRequestedOutput("probabilities", class_count=2)]
    seen["classes"] = listed((await call("infer", "iris-classifier", flower, outputs=outputs)).as_numpy("probabilities"))

    seen["stream"] = await stream_aio(client) if kind == "aio" else stream_sync(client)

    seen["statistics"] = await call("get_inference_statistics", "iris", as_json=True)
    seen["trace"] = await call("get_trace_settings", as_json=True)
    seen["trace_again"] = await call("update_trace_settings", settings={"trace_level": ["OFF"], "trace_rate": None}, as_json=True)
    seen["log"] = await call("get_log_settings", as_json=True)

    await call("unload_model", "w1")
    seen["index"] = await call("get_model_repository_index", as_json=True)
    seen["unloaded"] = await call("is_model_ready", "w1")
    await call("load_model", "w1", config=json.dumps({"max_batch_size": 5}))
    seen["loaded"] = await call("is_model_ready", "w1")
    seen["loaded_config"] = (await call("get_model_config", "w1", as_json=True))["config"]["max_batch_size"]

    seen["refused"] = {
        "model": await refused("infer", "nope", inputs),
        "version": await refused("infer", "iris", inputs, model_version="9"),
        "shape": await refused("infer", "iris", [input_of("X", ROWS[:, :2].copy(), "FP32")]),
        "datatype": await refused("infer", "iris", [input_of("X", ROWS.astype(np.float64), "FP64")]),
        "name": await refused("infer", "iris", [input_of("Y", ROWS, "FP32")]),
        "sequence": await refused("infer", "iris", inputs, sequence_id=7),
        "load": await refused("load_model", "nope"),
        "log": await refused("update_log_settings", settings={"log_verbose_level": 7}),
        "shared_memory": await refused("get_system_shared_memory_status"),
        "deadline": await refused("infer", "slow", [input_of("x", np.ones((1, 1), np.float32), "FP32")], client_timeout=0.01),
    }
    closed = client.close()
    if inspect.isawaitable(closed):
        await closed
    print(json.dumps(seen))


if sys.argv[1] == "describe":
    print(json.dumps(described()))
elif sys.argv[2] == "aio":
    asyncio.run(main(*sys.argv[1:3]))
else:
    # Nothing is awaited by the synchronous client, so that its calls run one after the other.
    coroutine = main(*sys.argv[1:3])
    try:
        coroutine.send(None)
    except StopIteration:
        pass
