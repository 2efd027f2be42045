-- Posts the file named by the first argument, with the headers that follow (name, value, …), and prints what was seen as one line of JSON.
local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(args)
  if args[1] then
    wrk.method = "POST"
    wrk.body = read(args[1])
    wrk.headers["Content-Type"] = "application/json"
    for i = 2, #args - 1, 2 do wrk.headers[args[i]] = args[i + 1] end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"microseconds":%d,"p50":%f,"p99":%f,"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
