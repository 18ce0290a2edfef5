#include "audio/resample.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

#include "kernels/resample.h"

namespace clmr {
namespace {

constexpr int64_t kMinRate = 1000, kMaxRate = 768000;
// Products between two looks at the abort flag, and outputs at most: some 10 ms even where taps have to be
// computed.
constexpr int64_t kPieceProducts = int64_t{1} << 21, kMaxPiece = 8192;
// Up to 1 Mi taps come from the formula. 44099 → 22050 Hz has 22,050 phases and 6 Mi taps: those come from a
// table, and are kept up to 32 MiB; beyond that they are made when they are needed.
constexpr int64_t kMaxExactTaps = int64_t{1} << 20, kMaxKeptTaps = int64_t{1} << 23;
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

// Rows of taps for a run of outputs: all phases made once, or those of the run made when they are needed.
class Taps {
 public:
  Taps(const kernels::SincFilter& filter, int64_t from, int64_t to)
      : filter_(filter), from_(from), to_(to), count_(kernels::SincTapCount(filter, from, to)) {
    kept_ = to * count_ <= kMaxKeptTaps;
    if (to * count_ > kMaxExactTaps) table_ = kernels::SincTable(filter);
    const int64_t rows = kept_ ? to : PieceLength();
    taps_.resize(rows * count_);
    first_.resize(rows);
    if (kept_) Make(0, to);
  }

  // Outputs n … n + outputs → the row of each and the input index of its first tap.
  void Select(int64_t n, int64_t outputs, std::vector<int64_t>* row, std::vector<int64_t>* input) {
    if (!kept_) Make(n, outputs);
    row->resize(outputs);
    input->resize(outputs);
    for (int64_t i = 0; i < outputs; ++i) {
      (*row)[i] = kept_ ? (n + i) % to_ : i;
      (*input)[i] = (n + i) / to_ * from_ + first_[(*row)[i]];
    }
  }

  int64_t PieceLength() const { return std::clamp<int64_t>(kPieceProducts / count_, 1, kMaxPiece); }
  int64_t count() const { return count_; }
  const float* data() const { return taps_.data(); }

 private:
  void Make(int64_t n, int64_t rows) {
    const double* table = table_.empty() ? nullptr : table_.data();
    for (int64_t i = 0; i < rows; ++i)
      first_[i] = kernels::SincTaps(filter_, table, from_, to_, (n + i) % to_, count_, &taps_[i * count_]);
  }

  kernels::SincFilter filter_;
  int64_t from_, to_, count_;
  bool kept_;
  std::vector<double> table_;
  std::vector<float> taps_;
  std::vector<int64_t> first_;
};

void CheckFinite(const float* y, int64_t length, int64_t offset) {
  const int64_t at = kernels::FirstNonFinite(y, length);
  if (at >= 0)
    throw Error("ERR_NON_FINITE",
                "resampling gives NaN or infinity at sample " + std::to_string(offset + at));
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

  const auto channel_count = static_cast<int64_t>(channels.size());
  auto result = at::empty({length}, at::kFloat);
  float* y = result.mutable_data_ptr<float>();
  if (from == to) {
    for (int64_t n = 0; n < length; n += kMaxPiece) {
      throw_if_aborted(abort);
      const int64_t outputs = std::min(kMaxPiece, length - n);
      kernels::mix_down_f32_reference(channels.data(), channel_count, frames, n, outputs, y + n);
      CheckFinite(y + n, outputs, n);
    }
    return result;
  }

  Taps taps(filter, from, to);
  const int64_t piece = taps.PieceLength();
  const auto kernel = kernels::ChooseResample();
  std::vector<int64_t> row, input;
  std::vector<float> window;
  for (int64_t n = 0; n < length; n += piece) {
    throw_if_aborted(abort);
    const int64_t outputs = std::min(piece, length - n);
    taps.Select(n, outputs, &row, &input);
    const int64_t start = input.front(), end = *std::max_element(input.begin(), input.end()) + taps.count();
    window.resize(end - start);
    kernels::mix_down_f32_reference(channels.data(), channel_count, frames, start, end - start,
                                    window.data());
    for (auto& index : input) index -= start;
    kernel(window.data(), input.data(), taps.data(), row.data(), taps.count(), outputs, y + n);
    CheckFinite(y + n, outputs, n);
  }
  return result;
}

}  // namespace clmr
