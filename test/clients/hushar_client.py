"""Calls Hushar's service by stubs that protoc made from its .proto: hushar_client.py PROTO ADDRESS REQUEST < ROWS.

REQUEST is a file with an InferenceRequest, ROWS the same rows as JSON, from which the request is made anew. Prints as
JSON what both were answered, and what a request with a wrong value, and one without rows, were answered.
"""

import importlib
import json
import pathlib
import sys
import tempfile

import grpc
from grpc_tools import protoc

proto, address, request_file = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
out = tempfile.mkdtemp()
sys.path.insert(0, out)
code = protoc.main(["protoc", f"-I{proto.parent}", f"--python_out={out}", f"--grpc_python_out={out}", str(proto)])
if code != 0:
    sys.exit(f"protoc refuses {proto}")
messages = importlib.import_module(f"{proto.stem}_pb2")
stubs = importlib.import_module(f"{proto.stem}_pb2_grpc")


def made(rows):
    """The request of the rows: numbers as float_value, texts as string_value."""
    request = messages.InferenceRequest(request_id="made")
    for row in rows:
        made_row = request.inputs.add(row_id=row["row_id"])
        for name, value in row["features"].items():
            if isinstance(value, str):
                made_row.features[name].string_value = value
            else:
                made_row.features[name].float_value = value
    return request


def shown(answer):
    outputs = [{"row_id": row.row_id, "scores": list(row.scores)} for row in answer.outputs]
    return {"request_id": answer.request_id, "outputs": outputs}


def refused(stub, request):
    try:
        stub.InferenceService(request, timeout=20)
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}
    return None


rows = json.load(sys.stdin)
wrong = made(rows[:1])
first = next(name for name, value in rows[0]["features"].items() if not isinstance(value, str))
wrong.inputs[0].features[first].string_value = "a lot"
with grpc.insecure_channel(address) as channel:
    stub = stubs.HusharStub(channel)
    call = lambda request: shown(stub.InferenceService(request, timeout=20))
    answers = {
        "sent": call(messages.InferenceRequest.FromString(request_file.read_bytes())),
        "made": call(made(rows)),
        "empty": call(messages.InferenceRequest(request_id="none")),
        "wrong": refused(stub, wrong),
    }
print(json.dumps(answers))
