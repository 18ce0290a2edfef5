#include "audio/resample.h"

#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "kernels/resample/resample.h"

namespace clmr {
namespace {

constexpr int64_t kMinRate = 1000, kMaxRate = 768000;
constexpr int64_t kCopyPiece = 1 << 16;
constexpr int64_t kMaxOutputs = int64_t{1} << 31;
// Products between two looks at the abort flag, and outputs at most: some 10 ms even where
// taps have to be computed.
constexpr int64_t kPieceProducts = int64_t{1} << 21, kMaxPiece = 8192;
// Pairs of rates that are remembered between calls, those of up to 1 Mi taps.
constexpr size_t kRemembered = 8;
constexpr int64_t kMaxRememberedTaps = int64_t{1} << 20;

kernels::ResampleFilter FilterOf(const std::string& quality) {
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
Plan PlanFor(const kernels::ResampleFilter& filter, int64_t from, int64_t to) {
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

struct Signal {
  const float* samples;
  int64_t frames;

  // `length` samples from `start` on, with silence outside of them: in place, or copied to `memory`.
  const float* Window(int64_t start, int64_t length, float* memory) const {
    if (start >= 0 && start + length <= frames) return samples + start;
    kernels::copy_window_f32(samples, frames, start, length, memory);
    return memory;
  }
};

void ResampleByPeriods(const Signal& x, const kernels::ResamplePlan& plan, kernels::PolyphaseKernel kernel,
                       float* y, int64_t length, const AbortFlag& abort) {
  const kernels::PolyphasePlan& periods = *plan.polyphase();
  std::vector<float> window(periods.samples()), memory(periods.memory(), 0.0f);
  const int64_t block = kernels::kPolyphasePeriods * periods.to;
  for (int64_t n = 0; n < length; n += block) {
    throw_if_aborted(abort);
    const int64_t outputs = std::min(block, length - n);
    const int64_t start = n / periods.to * periods.from - plan.lead();
    kernel(x.Window(start, periods.samples(), window.data()), periods, memory.data(), y + n, outputs);
    CheckFinite(y + n, outputs, n);
  }
}

void ResampleByOutputs(const Signal& x, const kernels::ResamplePlan& plan, kernels::ResampleKernel kernel,
                       float* y, int64_t length, const AbortFlag& abort) {
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
    const float* in = x.Window(start, end - start, window.data());
    for (auto& index : run.input) index -= start;
    kernel(in, run.input.data(), run.taps, run.row.data(), plan.count(), outputs, y + n);
    CheckFinite(y + n, outputs, n);
  }
}

}  // namespace

int64_t ResampledLength(int64_t frames, int64_t from, int64_t to) {
  CheckRate(from);
  CheckRate(to);
  const int64_t common = std::gcd(from, to);
  const int64_t length = (frames * (to / common) + from / common - 1) / (from / common);
  if (length > kMaxOutputs)
    throw Error("ERR_MEMORY", "the resampled audio would have " + std::to_string(length) + " samples");
  return length;
}

void Resample(const float* x, int64_t frames, int64_t from, int64_t to, const std::string& quality, float* y,
              const AbortFlag& abort) {
  const auto filter = FilterOf(quality);
  const int64_t length = ResampledLength(frames, from, to), common = std::gcd(from, to);
  from /= common;
  to /= common;
  if (from == to) {
    for (int64_t n = 0; n < length; n += kCopyPiece) {
      throw_if_aborted(abort);
      const int64_t outputs = std::min(kCopyPiece, length - n);
      std::copy(x + n, x + n + outputs, y + n);
      CheckFinite(y + n, outputs, n);
    }
    return;
  }
  const Signal signal{x, frames};
  const Plan plan = PlanFor(filter, from, to);
  const kernels::ResampleKernels kernels = kernels::ActiveResample();
  if (kernels.polyphase && plan->polyphase()) {
    ResampleByPeriods(signal, *plan, kernels.polyphase, y, length, abort);
  } else {
    ResampleByOutputs(signal, *plan, kernels.by_taps, y, length, abort);
  }
}

}  // namespace clmr
