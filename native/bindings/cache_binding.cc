// NativeCache of binding.ts.
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstring>

#include "bindings/async_work.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"
#include "bindings/handle.h"
#include "cache/crop_source.h"
#include "kernels/pcm16/pcm16.h"
#include "kernels/resample/resample.h"

namespace clmr::bindings {
namespace {

Napi::Value ToPcm16(const Napi::CallbackInfo& info) {
  const auto samples = ToFloats(info[0], "samples");
  return RunAsync(
      info.Env(), std::make_shared<AbortFlag>(false), {info[0]}, [samples](const AbortFlag&) -> Finish {
        const int64_t bad = kernels::FirstNonFinite(samples.data, samples.size);
        if (bad >= 0) throw Error("ERR_NON_FINITE", "sample " + std::to_string(bad) + " is NaN or infinite");
        auto pcm = at::empty({samples.size}, at::kShort);
        const auto overload =
            kernels::f32_to_pcm16_reference(samples.data, samples.size, pcm.mutable_data_ptr<int16_t>());
        return [pcm, overload](Napi::Env env) -> Napi::Value {
          auto array = Napi::Int16Array::New(env, pcm.numel());
          if (pcm.numel()) std::memcpy(array.Data(), pcm.const_data_ptr(), pcm.nbytes());
          auto result = Napi::Object::New(env);
          result.Set("pcm", array);
          result.Set("overloaded", static_cast<double>(overload.count));
          result.Set("peak", static_cast<double>(overload.peak));
          return result;
        };
      });
}

Napi::Value CropSourceOpen(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray()) throw Error("ERR_ARGUMENT", "expected an array of paths for files");
  auto paths = info[0].As<Napi::Array>();
  std::vector<std::string> files;
  int64_t bytes = 0;
  for (uint32_t i = 0; i < paths.Length(); ++i) {
    files.push_back(ToString(paths.Get(i), "files"));
    bytes += static_cast<int64_t>(files.back().size() + sizeof(std::string)) + 16;
  }
  auto source = std::make_shared<CropSource>(std::move(files), ToDoubles(info[1], "offsets"),
                                             ToDoubles(info[2], "lengths"));
  return Handle<CropSource>::Wrap(info.Env(), std::move(source), "the crop source", bytes);
}

Napi::Value CropSourceRead(const Napi::CallbackInfo& info) {
  auto source = Handle<CropSource>::Unwrap(info[0], "the crop source");
  auto tracks = ToInts(info[1], "tracks");
  auto starts = ToDoubles(info[2], "starts");
  const int64_t length = ToInteger(info[3], "length");
  if (tracks.size() != starts.size()) throw Error("ERR_SHAPE", "tracks and starts differ in length");
  if (length < 0) throw Error("ERR_ARGUMENT", "length must not be negative");
  for (const double start : starts)
    if (!(start >= 0) || start > 9e15) throw Error("ERR_ARGUMENT", "starts must be samples from 0 on");
  return RunAsync(info.Env(), ToAbortFlag(info[4]), {info[0]}, [=](const AbortFlag& abort) -> Finish {
    const auto rows = static_cast<int64_t>(tracks.size());
    auto clips = at::empty({rows, length}, at::kFloat);
    float* out = clips.mutable_data_ptr<float>();
    for (int64_t i = 0; i < rows; ++i) {
      throw_if_aborted(abort);
      source->Read(tracks[i], static_cast<int64_t>(starts[i]), length, out + i * length);
    }
    return [clips](Napi::Env env) { return ToFloat32Array(env, clips); };
  });
}

}  // namespace

void ExportCache(Napi::Object exports) {
  Export(exports, "toPcm16", ToPcm16);
  Export(exports, "cropSourceOpen", CropSourceOpen);
  Export(exports, "cropSourceRead", CropSourceRead);
}

}  // namespace clmr::bindings
