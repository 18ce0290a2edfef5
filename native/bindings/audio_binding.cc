// NativeAudio of binding.ts.
#include <ATen/ops/empty.h>

#include "audio/resample.h"
#include "bindings/exports.h"
#include "bindings/function.h"

namespace clmr::bindings {
namespace {

// To `out`, or to a new array that the promise brings.
Promise<std::optional<at::Tensor>> ResampleAsync(const Call& call, FloatSpan samples, int64_t from,
                                                 int64_t to, std::string quality,
                                                 std::optional<FloatSpan> out,
                                                 std::shared_ptr<AbortFlag> abort) {
  const int64_t length = ResampledLength(samples.size, from, to);
  if (out && out->size != length) throw Error("ERR_SHAPE", "out does not have the size of the result");
  return Async(call, abort, [=](const AbortFlag& abort) -> std::optional<at::Tensor> {
    if (out) {
      Resample(samples.data, samples.size, from, to, quality, out->data, abort);
      return std::nullopt;
    }
    at::Tensor result = at::empty({length}, at::kFloat);
    Resample(samples.data, samples.size, from, to, quality, result.mutable_data_ptr<float>(), abort);
    return result;
  });
}

}  // namespace

void ExportAudio(Napi::Object exports) {
  Export(exports, "resample", ResampleAsync, {"samples", "from", "to", "quality", "out", "abort"});
}

}  // namespace clmr::bindings
