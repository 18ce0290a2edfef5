#pragma once
// Resampling as dot products with windowed-sinc taps (Smith, "Digital Audio Resampling", 2002; the filters
// are those of resampy's kaiser_best and kaiser_fast and of torchaudio's default).
#include <cstdint>
#include <vector>

#include "kernels/resample/loops.h"

namespace clmr::kernels {

struct ResampleFilter {
  double zeros;    // zero crossings on each side
  double rolloff;  // cut-off as a share of the lower of the two Nyquist frequencies
  double beta;     // of the Kaiser window; 0 stands for a Hann window
};

// The taps for a pair of rates: all phases made once, or, for rates with many phases, those of a run made
// when they are needed. For ratios of small numbers also what the polyphase kernels need.
class ResamplePlan {
 public:
  // `from` and `to` are coprime.
  ResamplePlan(const ResampleFilter& filter, int64_t from, int64_t to);
  ResamplePlan(const ResamplePlan&) = delete;
  ResamplePlan& operator=(const ResamplePlan&) = delete;

  // The rows of outputs n … n + outputs, and the input index of the first tap of each.
  struct Run {
    std::vector<int64_t> row, input;
    std::vector<float> made;
    const float* taps;
  };
  void Select(int64_t n, int64_t outputs, Run* run) const;

  int64_t count() const { return count_; }  // taps of a row
  // How many taps are kept; 0 where they are made when they are needed.
  int64_t size() const { return static_cast<int64_t>(taps_.size()); }
  // nullptr where the phases are too many for it. Its blocks begin `lead` samples before the first
  // period that they give.
  const PolyphasePlan* polyphase() const { return groups_.empty() ? nullptr : &plan_; }
  int64_t lead() const { return lead_; }

 private:
  int64_t MakeRow(int64_t phase, float* taps) const;
  void PlanPolyphase();

  ResampleFilter filter_;
  int64_t from_, to_, count_, lead_ = 0;
  bool kept_;
  std::vector<double> table_;
  std::vector<float> taps_, group_taps_;
  std::vector<int64_t> first_;
  std::vector<PolyphaseGroup> groups_;
  PolyphasePlan plan_{};
};

// What runs now: the one by taps always, the polyphase one not where the plain versions are asked for.
// Distance from the reference ≤ 1e-6 for full-scale input.
struct ResampleKernels {
  ResampleKernel by_taps;
  PolyphaseKernel polyphase;  // or nullptr
};
ResampleKernels ActiveResample();

// x[start … start + length) → y; indices outside of 0 … frames count as zero.
void copy_window_f32(const float* x, int64_t frames, int64_t start, int64_t length, float* y);

// Index of the first value that is NaN or infinite, or -1.
int64_t FirstNonFinite(const float* x, int64_t length);

}  // namespace clmr::kernels
