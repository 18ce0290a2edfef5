// NativeModel of binding.ts.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "bindings/exports.h"
#include "bindings/function.h"
#include "model/batch_statistics.h"
#include "model/encoder.h"
#include "model/log_mel.h"

namespace clmr::bindings {
namespace {

using EncoderPointer = std::shared_ptr<Encoder>;
using AbortPointer = std::shared_ptr<AbortFlag>;

// The weights are drawn or copied off the JavaScript thread.
Promise<EncoderPointer> Create(const Call& call, int64_t seed, EncoderSpec options) {
  return Async(call, [=](const AbortFlag&) {
    return std::make_shared<Encoder>(SampleCnn::Create(static_cast<uint64_t>(seed), options.architecture),
                                     options);
  });
}

Promise<EncoderPointer> CreateMeasured(const Call& call, int64_t seed, EncoderSpec options, FloatSpan clips,
                                       int64_t n, AbortPointer abort) {
  const int64_t length = options.architecture.clip_length;
  if (n < 1 || clips.size != n * length) throw Error("ERR_SHAPE", "the clips are not n whole ones");
  const at::Tensor batch = at::from_blob(clips.data, {n, length}, at::kFloat);
  return Async(call, abort, [=](const AbortFlag& abort) {
    SampleCnn model = SampleCnn::Create(static_cast<uint64_t>(seed), options.architecture);
    MeasureBatchStatistics(model, batch, abort);
    return std::make_shared<Encoder>(model, options);
  });
}

Promise<EncoderPointer> FromState(const Call& call, NamedTensors state, EncoderSpec options) {
  return Async(call, [=](const AbortFlag&) {
    return std::make_shared<Encoder>(SampleCnn::FromState(state, options.architecture), options);
  });
}

NamedTensors State(const Call&, EncoderPointer encoder) { return encoder->State(); }

std::string Device(const Call&, EncoderPointer encoder) { return encoder->Device(); }

struct WindowsToEncode {
  EncoderPointer encoder;
  FloatSpan samples;
  std::vector<double> starts;
  std::optional<FloatSpan> out;

  WindowsToEncode(EncoderPointer encoder, FloatSpan samples, std::vector<double> starts,
                  std::optional<FloatSpan> out)
      : encoder(std::move(encoder)), samples(samples), starts(std::move(starts)), out(out) {
    const int64_t size = count() * this->encoder->EmbeddingSize();
    if (out && out->size != size)
      throw Error("ERR_SHAPE", "expected out to hold " + std::to_string(size) + " values but it holds " +
                                   std::to_string(out->size));
  }

  int64_t count() const { return static_cast<int64_t>(starts.size()); }

  // To `out`, or to a new array.
  std::optional<at::Tensor> Encode(const AbortFlag& abort) const {
    if (out) {
      encoder->EncodeWindows(samples.data, samples.size, starts, out->data, ThreadCount(), abort);
      return std::nullopt;
    }
    at::Tensor result = at::empty({count(), encoder->EmbeddingSize()}, at::kFloat);
    encoder->EncodeWindows(samples.data, samples.size, starts, result.mutable_data_ptr<float>(),
                           ThreadCount(), abort);
    return result;
  }
};

Promise<std::optional<at::Tensor>> EncodeWindows(const Call& call, EncoderPointer encoder, FloatSpan samples,
                                                 std::vector<double> starts, std::optional<FloatSpan> out,
                                                 AbortPointer abort) {
  const WindowsToEncode windows(encoder, samples, starts, out);
  return Async(call, abort, [=](const AbortFlag& abort) { return windows.Encode(abort); });
}

std::optional<at::Tensor> EncodeWindowsSync(const Call&, EncoderPointer encoder, FloatSpan samples,
                                            std::vector<double> starts, std::optional<FloatSpan> out) {
  return WindowsToEncode(encoder, samples, starts, out).Encode(AbortFlag(false));
}

Promise<at::Tensor> LogMelOf(const Call& call, FloatSpan samples, std::vector<double> starts,
                             AbortPointer abort) {
  return Async(call, abort, [=](const AbortFlag& abort) {
    at::Tensor vectors = at::empty({static_cast<int64_t>(starts.size()), kLogMelSize}, at::kFloat);
    LogMelWindows(samples.data, samples.size, starts, vectors.mutable_data_ptr<float>(), abort);
    return vectors;
  });
}

}  // namespace

void ExportModel(Napi::Object exports) {
  Export(exports, "encoderCreate", Create, {"seed", "options"});
  Export(exports, "encoderCreateMeasured", CreateMeasured, {"seed", "options", "clips", "n", "abort"});
  Export(exports, "encoderFromState", FromState, {"state", "options"});
  Export(exports, "encoderState", State, {"encoder"});
  Export(exports, "encoderDevice", Device, {"encoder"});
  Export(exports, "encodeWindows", EncodeWindows, {"encoder", "samples", "starts", "out", "abort"});
  Export(exports, "logMelWindows", LogMelOf, {"samples", "starts", "abort"});
  Export(exports, "encodeWindowsSync", EncodeWindowsSync, {"encoder", "samples", "starts", "out"});
}

}  // namespace clmr::bindings
