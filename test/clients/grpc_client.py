"""Calls Predict by stubs that protoc made from the .proto of the application: grpc_client.py PROTO ADDRESS < ROWS.

ROWS is JSON, a list of objects with the names of the .proto; prints the answer's rows as JSON.
"""

import importlib
import json
import pathlib
import sys
import tempfile

import grpc
from google.protobuf import json_format
from grpc_tools import protoc

proto, address = pathlib.Path(sys.argv[1]), sys.argv[2]
out = tempfile.mkdtemp()
sys.path.insert(0, out)
code = protoc.main(["protoc", f"-I{proto.parent}", f"--python_out={out}", f"--grpc_python_out={out}", str(proto)])
if code != 0:
    sys.exit(f"protoc refuses {proto}")
messages = importlib.import_module(f"{proto.stem}_pb2")
stubs = importlib.import_module(f"{proto.stem}_pb2_grpc")

service = next(iter(messages.DESCRIPTOR.services_by_name.values()))
method = service.methods_by_name["Predict"]
Request = getattr(messages, method.input_type.name)
request = json_format.ParseDict({"rows": json.load(sys.stdin)}, Request())
with grpc.insecure_channel(address) as channel:
    stub = getattr(stubs, f"{service.name}Stub")(channel)
    answer = stub.Predict(request, timeout=20)
    (streamed,) = stub.PredictStream(iter([request]), timeout=20)
assert streamed == answer, "PredictStream and Predict differ"
print(json.dumps(json_format.MessageToDict(answer, preserving_proto_field_name=True)["rows"]))
