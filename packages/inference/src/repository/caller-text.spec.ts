import { describe, expect, it } from 'vitest';
import { withoutPlaces } from './caller-text.js';

describe('a reason as callers are told it', () => {
  it.each([
    [
      'onnxruntime refused /srv/my models/m/2/model.onnx: Load model from /srv/my models/m/2/model.onnx failed:Protobuf parsing failed.',
      'onnxruntime refused model.onnx: Load model from model.onnx failed:Protobuf parsing failed.',
    ],
    ["EACCES: permission denied, open '/srv/models/m/1/model.onnx'", "EACCES: permission denied, open 'model.onnx'"],
    ['file:///srv/models: m/4/model.onnx is another file', 'models: m/4/model.onnx is another file'],
    ['http://10.0.0.7:9000/bucket/models does not answer (503)', 'models does not answer (503)'],
    ['https://store.local:9000: connect ECONNREFUSED', '…: connect ECONNREFUSED'],
    [
      'the model keeps weights in C:\\models\\m\\w.bin, which is not there',
      'the model keeps weights in w.bin, which is not there',
    ],
    ['failed:/onnxruntime_src/core/graph/model.cc:187 Model(x) no', 'failed:model.cc:187 Model(x) no'],
    ["write it with '/' between its segments", "write it with '/' between its segments"],
    ['f32/f64, 1 / 2 and m/1/model.onnx stay', 'f32/f64, 1 / 2 and m/1/model.onnx stay'],
  ])('%s', (text, told) => expect(withoutPlaces(text)).toBe(told));

  it('takes no longer for a text of nothing but slashes', () => {
    const text = '/a '.repeat(20_000);
    expect(withoutPlaces(text)).not.toContain('/');
  });
});
