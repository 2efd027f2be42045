"""Calls a server with KServe's own client and stubs, and prints what came back as JSON.

usage: kserve_grpc_client.py HOST:PORT
"""

import asyncio
import json
import sys

import grpc
import numpy as np
from kserve import InferenceGRPCClient, InferInput, InferRequest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub


def request(raw):
    values = np.array([[3.5, 1.4, 0.2], [3.0, 4.0, 1.0]], np.float32)
    tensor = InferInput("X", list(values.shape), "FP32")
    tensor.set_data_from_numpy(values, binary_data=raw)
    return InferRequest("iris", [tensor], request_id="k1")


async def main(address):
    client = InferenceGRPCClient(address, timeout=20)
    seen = {
        "live": await client.is_server_live(),
        "ready": await client.is_server_ready(),
        "model_ready": await client.is_model_ready("iris"),
    }
    for name, raw in [("raw", True), ("typed", False)]:
        answer = await client.infer(request(raw))
        output = answer.outputs[0].as_numpy()
        seen[name] = [answer.model_name, answer.id, list(output.shape), output.ravel().tolist()]
    # KServe's server has these calls, its client does not.
    async with grpc.aio.insecure_channel(address) as channel:
        stub = GRPCInferenceServiceStub(channel)
        unloaded = await stub.RepositoryModelUnload(messages.RepositoryModelUnloadRequest(model_name="w1"))
        seen["unloaded"] = [unloaded.model_name, unloaded.isUnloaded, await client.is_model_ready("w1")]
        loaded = await stub.RepositoryModelLoad(messages.RepositoryModelLoadRequest(model_name="w1"))
        seen["loaded"] = [loaded.model_name, loaded.isLoaded, await client.is_model_ready("w1")]
    # A queue that is full must not be asked again by the client's own retries.
    try:
        await client.infer(InferRequest("nope", [InferInput("X", [1], "FP32", [1.0])]))
    except grpc.RpcError as error:
        seen["refused"] = [error.code().name, error.details()]
    await client.close()
    print(json.dumps(seen))


asyncio.run(main(sys.argv[1]))
