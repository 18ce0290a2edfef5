#include "audio/resample.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <numeric>

#include "kernels/resample/resample.h"

namespace clmr {
namespace {

constexpr int64_t kMinRate = 1000, kMaxRate = 768000;
constexpr int64_t kMixPiece = 8192;
constexpr int64_t kMaxOutputs = int64_t{1} << 31;
// Products between two looks at the abort flag, and outputs at most: some 10 ms even where
// taps have to be computed.
constexpr int64_t kPieceProducts = int64_t{1} << 21, kMaxPiece = 8192;
// Pairs of rates that are remembered between calls, those of up to 1 Mi taps.
constexpr size_t kRemembered = 8;
constexpr int64_t kMaxRememberedTaps = int64_t{1} << 20;

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

using Plan = std::shared_ptr<const kernels::ResamplePlan>;

// From the few pairs of rates that were used last, or new.
Plan PlanFor(const kernels::SincFilter& filter, int64_t from, int64_t to) {
  struct Entry {
    double zeros;
    int64_t from, to;
    Plan plan;
  };
  static std::mutex mutex;
  // The one used last in front. Leaked: see bindings/shutdown.h.
  static auto& entries = *new std::list<Entry>;
  {
    std::lock_guard lock(mutex);
    for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
      if (entry->zeros != filter.zeros || entry->from != from || entry->to != to) continue;
      entries.splice(entries.begin(), entries, entry);
      return entries.front().plan;
    }
  }
  auto plan = std::make_shared<const kernels::ResamplePlan>(filter, from, to);
  if (plan->size() == 0 || plan->size() > kMaxRememberedTaps) return plan;
  std::lock_guard lock(mutex);
  entries.push_front({filter.zeros, from, to, plan});
  if (entries.size() > kRemembered) entries.pop_back();
  return plan;
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

void ResampleByPeriods(const Channels& channels, const kernels::ResamplePlan& plan,
                       kernels::PolyphaseKernel kernel, float* y, int64_t length, const AbortFlag& abort) {
  const kernels::PolyphasePlan& periods = *plan.polyphase();
  std::vector<float> window(periods.samples()), memory(periods.memory(), 0.0f);
  const int64_t block = kernels::kPolyphasePeriods * periods.to;
  for (int64_t n = 0; n < length; n += block) {
    throw_if_aborted(abort);
    const int64_t outputs = std::min(block, length - n);
    channels.MixDown(n / periods.to * periods.from - plan.lead(), periods.samples(), window.data());
    kernel(window.data(), periods, memory.data(), y + n, outputs);
    CheckFinite(y + n, outputs, n);
  }
}

void ResampleByOutputs(const Channels& channels, const kernels::ResamplePlan& plan,
                       kernels::ResampleKernel kernel, float* y, int64_t length, const AbortFlag& abort) {
  const int64_t piece = std::clamp<int64_t>(kPieceProducts / plan.count(), 1, kMaxPiece);
  kernels::ResamplePlan::Run run;
  std::vector<float> window;
  for (int64_t n = 0; n < length; n += piece) {
    throw_if_aborted(abort);
    const int64_t outputs = std::min(piece, length - n);
    plan.Select(n, outputs, &run);
    const int64_t start = run.input.front(),
                  end = *std::max_element(run.input.begin(), run.input.end()) + plan.count();
    window.resize(end - start);
    channels.MixDown(start, end - start, window.data());
    for (auto& index : run.input) index -= start;
    kernel(window.data(), run.input.data(), run.taps, run.row.data(), plan.count(), outputs, y + n);
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
  const Plan plan = PlanFor(filter, from, to);
  const kernels::ResampleKernels kernels = kernels::ActiveResample();
  if (kernels.polyphase && plan->polyphase()) {
    ResampleByPeriods(mono, *plan, kernels.polyphase, y, length, abort);
  } else {
    ResampleByOutputs(mono, *plan, kernels.by_taps, y, length, abort);
  }
  return result;
}

}  // namespace clmr
