// NativeModel of binding.ts.
#include <ATen/Functions.h>

#include <functional>

#include "bindings/async_work.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"
#include "bindings/handle.h"
#include "model/encoder.h"

namespace clmr::bindings {
namespace {

using EncoderBox = Handle<Encoder>;

// Resolves to a handle; `make` gives the weights, off the JavaScript thread.
Napi::Value NewEncoder(Napi::Env env, Napi::Value options_js, std::function<SampleCnn()> make) {
  if (!options_js.IsObject()) throw Error("ERR_ARGUMENT", "expected an object for options");
  auto options = options_js.As<Napi::Object>();
  const std::string device = StringAt(options, "device"), precision = StringAt(options, "precision");
  if (precision != "float32" && precision != "bfloat16")
    throw Error("ERR_ARGUMENT", "expected float32 or bfloat16 for precision but received " + precision);
  return RunAsync(env, std::make_shared<AbortFlag>(false), {}, [=](const AbortFlag&) -> Finish {
    auto encoder = std::make_shared<Encoder>(
        make(), device, precision == "bfloat16" ? Precision::bfloat16 : Precision::float32);
    return [encoder](Napi::Env env) { return EncoderBox::Wrap(env, encoder, "Encoder", encoder->Bytes()); };
  });
}

struct Windows {
  std::shared_ptr<Encoder> encoder;
  FloatSpan samples;
  std::vector<double> starts;
  float* out;  // nullptr where the caller gave none

  int64_t count() const { return static_cast<int64_t>(starts.size()); }
  void EncodeTo(float* target, const AbortFlag& abort) const {
    encoder->EncodeWindows(samples.data, samples.size, starts, target, ThreadCount(), abort);
  }
};

// (encoder, samples, starts, out)
Windows ToWindows(const Napi::CallbackInfo& info) {
  Windows windows{EncoderBox::Unwrap(info[0], "Encoder"), ToFloats(info[1], "samples"),
                  ToDoubles(info[2], "starts"), nullptr};
  if (info[3].IsUndefined()) return windows;
  const FloatSpan out = ToFloats(info[3], "out");
  if (out.size != windows.count() * kEmbeddingSize)
    throw Error("ERR_SHAPE", "expected out to hold " + std::to_string(windows.count() * kEmbeddingSize) +
                                 " values but it holds " + std::to_string(out.size));
  windows.out = out.data;
  return windows;
}

// Resolves to undefined where the caller gave `out`.
Napi::Value EncodeWindows(const Napi::CallbackInfo& info) {
  const Windows windows = ToWindows(info);
  return RunAsync(info.Env(), ToAbortFlag(info[4]), {info[1], info[3]},
                  [windows](const AbortFlag& abort) -> Finish {
                    if (windows.out) {
                      windows.EncodeTo(windows.out, abort);
                      return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
                    }
                    at::Tensor result = at::empty({windows.count(), kEmbeddingSize}, at::kFloat);
                    windows.EncodeTo(result.mutable_data_ptr<float>(), abort);
                    return [result](Napi::Env env) { return ToFloat32Array(env, result); };
                  });
}

Napi::Value EncodeWindowsSync(const Napi::CallbackInfo& info) {
  const Windows windows = ToWindows(info);
  const AbortFlag never{false};
  if (windows.out) {
    windows.EncodeTo(windows.out, never);
    return info[3];
  }
  at::Tensor result = at::empty({windows.count(), kEmbeddingSize}, at::kFloat);
  windows.EncodeTo(result.mutable_data_ptr<float>(), never);
  return ToFloat32Array(info.Env(), result);
}

}  // namespace

void ExportModel(Napi::Object exports) {
  Export(exports, "encoderCreate", [](const Napi::CallbackInfo& info) {
    const auto seed = static_cast<uint64_t>(ToInteger(info[0], "seed"));
    return NewEncoder(info.Env(), info[1], [seed] { return SampleCnn::Create(seed); });
  });
  Export(exports, "encoderFromState", [](const Napi::CallbackInfo& info) {
    const NamedTensors state = ToNamedTensors(info[0], "state");
    return NewEncoder(info.Env(), info[1], [state] { return SampleCnn::FromState(state); });
  });
  Export(exports, "encoderState", [](const Napi::CallbackInfo& info) {
    return ToStateDict(info.Env(), EncoderBox::Unwrap(info[0], "Encoder")->State());
  });
  Export(exports, "encoderDevice", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::String::New(info.Env(), EncoderBox::Unwrap(info[0], "Encoder")->Device());
  });
  Export(exports, "encodeWindows", EncodeWindows);
  Export(exports, "encodeWindowsSync", EncodeWindowsSync);
}

}  // namespace clmr::bindings
