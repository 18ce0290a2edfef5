// NativeAudio of binding.ts.
#include "audio/resample.h"
#include "bindings/exports.h"
#include "bindings/function.h"

namespace clmr::bindings {
namespace {

Promise<at::Tensor> MixAndResampleAsync(const Call& call, std::vector<FloatSpan> channels, int64_t from,
                                        int64_t to, std::string quality, std::shared_ptr<AbortFlag> abort) {
  std::vector<const float*> data;
  const int64_t frames = channels.empty() ? 0 : channels[0].size;
  for (const FloatSpan& channel : channels) {
    if (channel.size != frames) throw Error("ERR_SHAPE", "the channels differ in length");
    data.push_back(channel.data);
  }
  return Async(call, abort, [=](const AbortFlag& abort) {
    return MixAndResample(data, frames, from, to, quality, abort);
  });
}

}  // namespace

void ExportAudio(Napi::Object exports) {
  Export(exports, "mixAndResample", MixAndResampleAsync, {"channels", "from", "to", "quality", "abort"});
}

}  // namespace clmr::bindings
