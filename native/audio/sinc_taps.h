#pragma once
// The taps of a resampling, made once for a pair of rates and kept for the next call.
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/resample/resample.h"

namespace clmr {

// Rows of taps: all phases made once, or, for rates with many phases, those of a run made when they are
// needed.
class SincTaps {
 public:
  // `from` and `to` are coprime.
  SincTaps(const kernels::SincFilter& filter, int64_t from, int64_t to);

  // The rows of outputs n … n + outputs, and the input index of the first tap of each.
  struct Run {
    std::vector<int64_t> row, input;
    std::vector<float> made;
    const float* taps;
  };
  void Select(int64_t n, int64_t outputs, Run* run) const;

  int64_t PieceLength() const;
  int64_t count() const { return count_; }
  int64_t size() const { return static_cast<int64_t>(taps_.size()); }
  // For the polyphase kernels; nullptr where the phases are too many for it. Its blocks begin `lead` samples
  // before the first period that they give.
  const kernels::PolyphasePlan* polyphase() const { return groups_.empty() ? nullptr : &plan_; }
  int64_t lead() const { return lead_; }

 private:
  int64_t MakeRow(int64_t phase, float* taps) const;
  void PlanPolyphase();

  kernels::SincFilter filter_;
  int64_t from_, to_, count_, lead_ = 0;
  bool kept_;
  std::vector<double> table_;
  std::vector<float> taps_, group_taps_;
  std::vector<int64_t> first_;
  std::vector<kernels::PolyphaseGroup> groups_;
  kernels::PolyphasePlan plan_{};
};

// From the few pairs of rates that were used last, or new.
std::shared_ptr<const SincTaps> SincTapsFor(const kernels::SincFilter& filter, int64_t from, int64_t to);

}  // namespace clmr
