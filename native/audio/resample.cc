#include "audio/resample.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

#include "audio/sinc_taps.h"
#include "kernels/resample/resample.h"

namespace clmr {
namespace {

constexpr int64_t kMinRate = 1000, kMaxRate = 768000;
constexpr int64_t kMixPiece = 8192;
constexpr int64_t kMaxOutputs = int64_t{1} << 31;

kernels::SincFilter FilterOf(const std::string& quality) {
  if (quality == "best") return {64, 0.9475937167399596, 14.769656459379492};
  if (quality == "fast") return {16, 0.85, 8.555504641634386};
  if (quality == "torchaudio") return {6, 0.99, 0};
  throw Error("ERR_ARGUMENT", "expected best, fast or torchaudio for quality");
}

void CheckRate(int64_t rate) {
  if (rate < kMinRate || rate > kMaxRate)
    throw Error("ERR_ARGUMENT",
                "a sample rate of " + std::to_string(rate) + " Hz; expected 1,000 to 768,000 Hz");
}

void CheckFinite(const float* y, int64_t length, int64_t offset) {
  const int64_t at = kernels::FirstNonFinite(y, length);
  if (at >= 0)
    throw Error("ERR_NON_FINITE",
                "resampling gives NaN or infinity at sample " + std::to_string(offset + at));
}

struct Channels {
  const std::vector<const float*>& pointers;
  int64_t frames;

  // Their mean from sample `start` on, with silence outside of them.
  void MixDown(int64_t start, int64_t length, float* y) const {
    kernels::mix_down_f32(pointers.data(), static_cast<int64_t>(pointers.size()), frames, start, length, y);
  }
};

void ResampleByPeriods(const Channels& channels, const SincTaps& taps, kernels::PolyphaseKernel kernel,
                       float* y, int64_t length, const AbortFlag& abort) {
  const kernels::PolyphasePlan& plan = *taps.polyphase();
  std::vector<float> window(plan.samples()), memory(plan.memory(), 0.0f);
  const int64_t block = kernels::kPolyphasePeriods * plan.to;
  for (int64_t n = 0; n < length; n += block) {
    throw_if_aborted(abort);
    const int64_t outputs = std::min(block, length - n);
    channels.MixDown(n / plan.to * plan.from - taps.lead(), plan.samples(), window.data());
    kernel(window.data(), plan, memory.data(), y + n, outputs);
    CheckFinite(y + n, outputs, n);
  }
}

void ResampleByOutputs(const Channels& channels, const SincTaps& taps, kernels::ResampleKernel kernel,
                       float* y, int64_t length, const AbortFlag& abort) {
  const int64_t piece = taps.PieceLength();
  SincTaps::Run run;
  std::vector<float> window;
  for (int64_t n = 0; n < length; n += piece) {
    throw_if_aborted(abort);
    const int64_t outputs = std::min(piece, length - n);
    taps.Select(n, outputs, &run);
    const int64_t start = run.input.front(),
                  end = *std::max_element(run.input.begin(), run.input.end()) + taps.count();
    window.resize(end - start);
    channels.MixDown(start, end - start, window.data());
    for (auto& index : run.input) index -= start;
    kernel(window.data(), run.input.data(), run.taps, run.row.data(), taps.count(), outputs, y + n);
    CheckFinite(y + n, outputs, n);
  }
}

}  // namespace

at::Tensor MixAndResample(const std::vector<const float*>& channels, int64_t frames, int64_t from, int64_t to,
                          const std::string& quality, const AbortFlag& abort) {
  CheckRate(from);
  CheckRate(to);
  if (channels.empty()) throw Error("ERR_ARGUMENT", "expected at least one channel");
  const auto filter = FilterOf(quality);
  const int64_t common = std::gcd(from, to);
  from /= common;
  to /= common;
  const int64_t length = (frames * to + from - 1) / from;
  if (length > kMaxOutputs)
    throw Error("ERR_MEMORY", "the resampled audio would have " + std::to_string(length) + " samples");

  const Channels mono{channels, frames};
  auto result = at::empty({length}, at::kFloat);
  float* y = result.mutable_data_ptr<float>();
  if (from == to) {
    for (int64_t n = 0; n < length; n += kMixPiece) {
      throw_if_aborted(abort);
      const int64_t outputs = std::min(kMixPiece, length - n);
      mono.MixDown(n, outputs, y + n);
      CheckFinite(y + n, outputs, n);
    }
    return result;
  }
  const auto taps = SincTapsFor(filter, from, to);
  const kernels::ResampleKernels kernels = kernels::ActiveResample();
  if (kernels.polyphase && taps->polyphase()) {
    ResampleByPeriods(mono, *taps, kernels.polyphase, y, length, abort);
  } else {
    ResampleByOutputs(mono, *taps, kernels.by_taps, y, length, abort);
  }
  return result;
}

}  // namespace clmr
