// NativeAudio of binding.ts.
#include "audio/resample.h"
#include "bindings/async_work.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"

namespace clmr::bindings {
namespace {

Napi::Value MixAndResampleAsync(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray()) throw Error("ERR_ARGUMENT", "expected an array of Float32Arrays for channels");
  auto arrays = info[0].As<Napi::Array>();
  std::vector<const float*> channels;
  std::vector<Napi::Value> keep{arrays};
  int64_t frames = 0;
  for (uint32_t c = 0; c < arrays.Length(); ++c) {
    Napi::Value array = arrays.Get(c);
    const auto span = ToFloats(array, "channels");
    if (c > 0 && span.size != frames) throw Error("ERR_SHAPE", "the channels differ in length");
    frames = span.size;
    channels.push_back(span.data);
    keep.push_back(array);
  }
  const int64_t from = ToInteger(info[1], "from"), to = ToInteger(info[2], "to");
  return RunAsync(
      info.Env(), ToAbortFlag(info[4]), keep,
      [channels, frames, from, to, quality = ToString(info[3], "quality")](const AbortFlag& abort) -> Finish {
        auto samples = MixAndResample(channels, frames, from, to, quality, abort);
        return [samples](Napi::Env env) { return ToFloat32Array(env, samples); };
      });
}

}  // namespace

void ExportAudio(Napi::Object exports) { Export(exports, "mixAndResample", MixAndResampleAsync); }

}  // namespace clmr::bindings
