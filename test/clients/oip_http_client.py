"""Calls a server with Triton's own HTTP client, as its examples do, and prints what came back as JSON.

usage: oip_http_client.py HOST:PORT sync|aio
"""

import asyncio
import inspect
import json
import sys

import numpy as np
import tritonclient.http as sync_client
import tritonclient.http.aio as aio_client
from tritonclient.utils import InferenceServerException

address, kind = sys.argv[1:3]
client_module = aio_client if kind == "aio" else sync_client


def listed(array):
    """An array as JSON holds it: bytes as text, NaN as text."""
    values = array.tolist()

    def plain(value):
        if isinstance(value, list):
            return [plain(each) for each in value]
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, float) and not np.isfinite(value):
            return str(value)
        return value

    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": plain(values)}


def input_of(name, array, datatype, binary=True):
    made = sync_client.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
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


async def main():
    seen = {}
    client = client_module.InferenceServerClient(address)

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
    seen["metadata"] = await call("get_server_metadata")
    seen["model_metadata"] = await call("get_model_metadata", "iris", "1")
    seen["config"] = await call("get_model_config", "iris")

    seen["identities"] = {}
    for name, (datatype, array) in IDENTITIES.items():
        for binary in [True, False]:
            if datatype == "FP16" and not binary:
                continue
            inputs = [input_of("x", array, datatype, binary)]
            outputs = [sync_client.InferRequestedOutput("y", binary_data=binary)]
            answer = await call("infer", f"identity-{name}", inputs, outputs=outputs)
            same = answer.as_numpy("y")
            expected = array.astype(np.str_) if datatype == "BYTES" else array
            got = np.array([[each.decode() if isinstance(each, bytes) else each for each in same[0]]]) if datatype == "BYTES" else same
            seen["identities"][f"{name} {'binary' if binary else 'json'}"] = bool(
                got.shape == expected.shape and np.array_equal(got, expected) and (datatype == "BYTES" or same.dtype == array.dtype)
            )

    rows = np.array([[3.5, 1.4, 0.2], [3.0, 4.0, 1.0]], np.float32)
    default = await call("infer", "iris", [input_of("X", rows, "FP32")], request_id="r1", priority=2, timeout=10_000_000)
    seen["default"] = {"answer": default.get_response(), "output": listed(default.as_numpy("sepal_length"))}

    flower = [input_of("X", np.array([[5, 3, 1, 0]], np.float32), "FP32")]
    chosen = await call("infer", "iris-classifier", flower, outputs=[sync_client.InferRequestedOutput("label")])
    seen["chosen"] = [output["name"] for output in chosen.get_response()["outputs"]]
    classes = await call(
        "infer",
        "iris-classifier",
        flower,
        outputs=[sync_client.InferRequestedOutput("probabilities", binary_data=True, class_count=2)],
    )
    seen["classes"] = listed(classes.as_numpy("probabilities"))

    wide = [input_of("x", np.arange(5000, dtype=np.float32).reshape(1, 5000), "FP32")]
    seen["compressed"] = {}
    for algorithm in ["gzip", "deflate"]:
        answer = await call(
            "infer", "variable-width", wide, request_compression_algorithm=algorithm, response_compression_algorithm=algorithm
        )
        output = answer.as_numpy("y")
        seen["compressed"][algorithm] = [list(output.shape), float(output[0, 4999])]

    seen["statistics"] = await call("get_inference_statistics", "iris")
    seen["trace"] = await call("get_trace_settings")
    seen["log"] = await call("get_log_settings")

    await call("unload_model", "w1")
    seen["index"] = await call("get_model_repository_index")
    await call("load_model", "w1")
    seen["loaded"] = await call("is_model_ready", "w1")

    seen["refused"] = {
        "model": await refused("infer", "nope", [input_of("X", rows, "FP32")]),
        "shape": await refused("infer", "iris", [input_of("X", rows[:, :2].copy(), "FP32")]),
        "datatype": await refused("infer", "iris", [input_of("X", rows.astype(np.float64), "FP64")]),
        "name": await refused("infer", "iris", [input_of("Y", rows, "FP32")]),
        "sequence": await refused("infer", "iris", [input_of("X", rows, "FP32")], sequence_id=7),
        "load": await refused("load_model", "nope"),
        "shared_memory": await refused("get_system_shared_memory_status"),
    }
    closed = client.close()
    if inspect.isawaitable(closed):
        await closed
    print(json.dumps(seen))


if kind == "aio":
    asyncio.run(main())
else:
    # Nothing is awaited by the synchronous client, so that its calls run one after the other.
    coroutine = main()
    try:
        coroutine.send(None)
    except StopIteration:
        pass
