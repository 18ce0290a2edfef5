// Rows of taps for a pair of rates, and what the polyphase kernels need.
#include <algorithm>

#include "kernels/resample/resample.h"
#include "kernels/resample/taps.h"

namespace clmr::kernels {
namespace {

// Up to 1 Mi taps come from the formula. 44099 → 22050 Hz has 22,050 phases and 6 Mi taps: those come from a
// table, and are made once up to 32 MiB; beyond that they are made when they are needed.
constexpr int64_t kMaxExactTaps = int64_t{1} << 20, kMaxKeptTaps = int64_t{1} << 23;
// The polyphase kernels: a period of at least 16 outputs, and not so long that a block
// of periods leaves the caches.
constexpr int64_t kLeastPeriod = 16, kLongestPeriod = 2048;

}  // namespace

ResamplePlan::ResamplePlan(const ResampleFilter& filter, int64_t from, int64_t to)
    : filter_(filter), from_(from), to_(to), count_(SincTapCount(filter, from, to)) {
  kept_ = to * count_ <= kMaxKeptTaps;
  if (to * count_ > kMaxExactTaps) table_ = SincTable(filter);
  if (!kept_) return;
  taps_.resize(to * count_);
  first_.resize(to);
  for (int64_t phase = 0; phase < to; ++phase) first_[phase] = MakeRow(phase, &taps_[phase * count_]);
  if (to * count_ <= kMaxExactTaps && from <= kLongestPeriod) PlanPolyphase();
}

int64_t ResamplePlan::MakeRow(int64_t phase, float* taps) const {
  return MakeSincTaps(filter_, table_.empty() ? nullptr : table_.data(), from_, to_, phase, count_, taps);
}

void ResamplePlan::Select(int64_t n, int64_t outputs, Run* run) const {
  run->row.resize(outputs);
  run->input.resize(outputs);
  if (!kept_) run->made.resize(outputs * count_);
  for (int64_t i = 0; i < outputs; ++i) {
    const int64_t phase = (n + i) % to_,
                  first = kept_ ? first_[phase] : MakeRow(phase, &run->made[i * count_]);
    run->row[i] = kept_ ? phase : i;
    run->input[i] = (n + i) / to_ * from_ + first;
  }
  run->taps = kept_ ? taps_.data() : run->made.data();
}

void ResamplePlan::PlanPolyphase() {
  const int64_t repeats = (kLeastPeriod + to_ - 1) / to_, from = from_ * repeats, to = to_ * repeats;
  // Rows are padded, and where the window ends in zeros the sums stay what they are without them.
  int64_t used = 0;
  for (size_t i = 0; i < taps_.size(); ++i)
    if (taps_[i] != 0) used = std::max<int64_t>(used, i % count_ + 1);
  const auto first = [&](int64_t p) { return p / to_ * from_ + first_[p % to_]; };  // rises with p
  lead_ = -first(0);
  int64_t end = 0;
  std::vector<size_t> at;
  for (int64_t p = 0; p < to; p += kPolyphaseGroup) {
    const int64_t last = std::min<int64_t>(p + kPolyphaseGroup, to) - 1;
    const int64_t rows = (first(last) - first(p) + used + 1) / 2 * 2;
    at.push_back(group_taps_.size());
    groups_.push_back({first(p) + lead_, rows, nullptr});
    group_taps_.resize(group_taps_.size() + rows * kPolyphaseGroup, 0.0f);
    for (int64_t q = p; q <= last; ++q)
      for (int64_t k = 0; k < used; ++k)
        group_taps_[at.back() + (first(q) - first(p) + k) * kPolyphaseGroup + q - p] =
            taps_[q % to_ * count_ + k];
    end = std::max(end, groups_.back().base + rows);
  }
  for (size_t g = 0; g < groups_.size(); ++g) groups_[g].taps = &group_taps_[at[g]];
  const int64_t columns = (kPolyphasePeriods + end / from + 1 + 15) / 16 * 16;
  plan_ = {from, to, static_cast<int64_t>(groups_.size()), columns, columns + 16, groups_.data()};
}

}  // namespace clmr::kernels
