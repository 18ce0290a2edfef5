// NativeCache of binding.ts.
#include <ATen/ops/empty.h>

#include "bindings/exports.h"
#include "bindings/function.h"
#include "cache/crop_source.h"
#include "kernels/pcm16/pcm16.h"
#include "kernels/resample/resample.h"

namespace clmr::bindings {
namespace {

// 16-bit samples, and what did not fit into them.
struct Pcm16 {
  static constexpr const char* kName = "Pcm16";
  at::Tensor pcm;
  int64_t overloaded = 0;
  double peak = 0;

  static auto Fields() {
    return std::tuple(Field("pcm", &Pcm16::pcm), Field("overloaded", &Pcm16::overloaded),
                      Field("peak", &Pcm16::peak));
  }
};

Promise<Pcm16> ToPcm16(const Call& call, FloatSpan samples) {
  return Async(call, [=](const AbortFlag&) -> Pcm16 {
    const int64_t bad = kernels::FirstNonFinite(samples.data, samples.size);
    if (bad >= 0) throw Error("ERR_NON_FINITE", "sample " + std::to_string(bad) + " is NaN or infinite");
    at::Tensor pcm = at::empty({samples.size}, at::kShort);
    const auto overload = kernels::f32_to_pcm16(samples.data, samples.size, pcm.mutable_data_ptr<int16_t>());
    return {pcm, overload.count, overload.peak};
  });
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
  Export(exports, "toPcm16", ToPcm16, {"samples"});
  Export(exports, "cropSourceOpen", CropSourceOpen, {"files", "offsets", "lengths", "stretches"});
  Export(exports, "cropSourceRead", CropSourceRead, {"source", "tracks", "starts", "length", "abort"});
}

}  // namespace clmr::bindings
