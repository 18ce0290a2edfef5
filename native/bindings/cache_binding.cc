// NativeCache of binding.ts.
#include <ATen/ops/empty.h>

#include "bindings/exports.h"
#include "bindings/function.h"
#include "cache/crop_source.h"
#include "kernels/pcm16/pcm16.h"
#include "kernels/resample/resample.h"

namespace clmr::bindings {
namespace {

// What did not fit into 16 bits.
struct Overload {
  static constexpr const char* kName = "Overload";
  int64_t overloaded = 0;
  double peak = 0;

  static auto Fields() {
    return std::tuple(Field("overloaded", &Overload::overloaded), Field("peak", &Overload::peak));
  }
};

// At once: a million samples take less than a millisecond.
Overload ToPcm16(const Call&, FloatSpan samples, Int16Span out) {
  if (out.size != samples.size) throw Error("ERR_SHAPE", "out does not have the size of the samples");
  const int64_t bad = kernels::FirstNonFinite(samples.data, samples.size);
  if (bad >= 0) throw Error("ERR_NON_FINITE", "sample " + std::to_string(bad) + " is NaN or infinite");
  const auto overload = kernels::f32_to_pcm16(samples.data, samples.size, out.data);
  return {overload.count, overload.peak};
}

std::shared_ptr<CropSource> CropSourceOpen(const Call&, std::vector<std::string> files,
                                           std::vector<double> offsets, std::vector<double> lengths,
                                           std::vector<double> stretches) {
  return std::make_shared<CropSource>(std::move(files), std::move(offsets), std::move(lengths),
                                      std::move(stretches));
}

Promise<at::Tensor> CropSourceRead(const Call& call, std::shared_ptr<CropSource> source,
                                   std::vector<int32_t> tracks, std::vector<double> starts, int64_t length,
                                   std::shared_ptr<AbortFlag> abort) {
  if (tracks.size() != starts.size()) throw Error("ERR_SHAPE", "tracks and starts differ in length");
  if (length < 0) throw Error("ERR_ARGUMENT", "length must not be negative");
  for (const double start : starts)
    if (!(start >= 0) || start > 9e15) throw Error("ERR_ARGUMENT", "starts must be samples from 0 on");
  return Async(call, abort, [=](const AbortFlag& abort) {
    const auto rows = static_cast<int64_t>(tracks.size());
    at::Tensor clips = at::empty({rows, length}, at::kFloat);
    float* out = clips.mutable_data_ptr<float>();
    for (int64_t i = 0; i < rows; ++i) {
      throw_if_aborted(abort);
      source->Read(tracks[i], static_cast<int64_t>(starts[i]), length, out + i * length);
    }
    return clips;
  });
}

}  // namespace

void ExportCache(Napi::Object exports) {
  Export(exports, "toPcm16", ToPcm16, {"samples", "out"});
  Export(exports, "cropSourceOpen", CropSourceOpen, {"files", "offsets", "lengths", "stretches"});
  Export(exports, "cropSourceRead", CropSourceRead, {"source", "tracks", "starts", "length", "abort"});
}

}  // namespace clmr::bindings
