"""Posts an Arrow IPC stream and reads one: arrow_client.py URL [lz4|zstd] < COLUMNS, a JSON object of lists of float32."""

import io
import json
import sys
import urllib.request

import pyarrow as pa

url, compression = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
columns = json.load(sys.stdin)
table = pa.table({name: pa.array(values, pa.float32()) for name, values in columns.items()})
sink = io.BytesIO()
with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
    writer.write_table(table, max_chunksize=40)
stream = "application/vnd.apache.arrow.stream"
request = urllib.request.Request(url, sink.getvalue(), {"content-type": stream, "accept": stream})
with urllib.request.urlopen(request, timeout=20) as response:
    answer = pa.ipc.open_stream(response.read()).read_all()
answer.validate(full=True)
print(json.dumps(answer.to_pydict()))
