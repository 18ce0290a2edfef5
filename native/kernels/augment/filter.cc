// The windowed-sinc filters: taps, and which way to convolve.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <mutex>
#include <vector>

#include "kernels/augment/augment.h"
#include "kernels/augment/loops.h"
#include "kernels/augment/reference.h"
#include "kernels/dispatch.h"

namespace clmr::kernels {
namespace {

constexpr int kLeastLog = 8, kMostLog = 15;  // points of the FFT, 2^…
// Larger samples overflow in a sum of 2^15 of them.
constexpr float kLargestForFft = 1e30f;

// cos(k·angle), sin(k·angle) for k = 0, 1, 2 … by rotation: 1e-13 off after thousands of steps.
class Rotation {
 public:
  explicit Rotation(double angle) : step_cos_(std::cos(angle)), step_sin_(std::sin(angle)) {}
  void Advance() {
    const double c = cos * step_cos_ - sin * step_sin_;
    sin = sin * step_cos_ + cos * step_sin_;
    cos = c;
  }
  double cos = 1, sin = 0;

 private:
  double step_cos_, step_sin_;
};

// taps [2·half + 1], then zeros up to a multiple of 16; as the reference, but half of them are mirrored.
void DesignTaps(double cutoff, int64_t half, bool high_pass, std::vector<float>& taps) {
  const int64_t length = 2 * half + 1;
  taps.assign((length + 15) / 16 * 16, 0.0f);
  std::vector<double> design(half + 1);
  Rotation hann(M_PI / static_cast<double>(half)), sine(2 * M_PI * cutoff);
  double sum = 0;
  for (int64_t k = 0; k <= half; ++k, hann.Advance(), sine.Advance()) {
    const double sinc = k == 0 ? 1.0 : sine.sin / (2 * M_PI * cutoff * static_cast<double>(k));
    design[k] = (0.5 + 0.5 * hann.cos) * sinc;
    sum += k == 0 ? design[k] : 2 * design[k];
  }
  for (int64_t k = 0; k <= half; ++k) {
    const double low_pass = design[k] / sum;  // a constant passes unchanged
    const double tap = high_pass ? (k == 0 ? 1.0 - low_pass : -low_pass) : low_pass;
    taps[half + k] = taps[half - k] = static_cast<float>(tap);
  }
}

// e^(−2πi·jk/length), k = 1, 2, 3, j < length / 4, for the stages length = points, points / 4 …;
// made once a size.
const float* FftTwiddles(int log_points) {
  static std::array<std::once_flag, kMostLog + 1> made;
  static auto& tables = *new std::array<std::vector<float>, kMostLog + 1>;  // leaked: see bindings/shutdown.h
  std::call_once(made[log_points], [log_points] {
    const int64_t points = int64_t{1} << log_points;
    std::vector<float>& table = tables[log_points];
    table.reserve(2 * points);
    for (int64_t length = points; length >= 4; length /= 4)
      for (int64_t j = 0; j < length / 4; ++j)
        for (int64_t k = 1; k <= 3; ++k) {
          const double angle = -2 * M_PI * static_cast<double>(j * k) / static_cast<double>(length);
          table.push_back(static_cast<float>(std::cos(angle)));
          table.push_back(static_cast<float>(std::sin(angle)));
        }
  });
  return tables[log_points].data();
}

// The cheapest size, in vector operations, or points = 0 where dot products are cheaper.
FftFilterPlan ChooseFft(int64_t n, int64_t half, int64_t lanes) {
  FftFilterPlan best{0, 0, half, nullptr};
  int best_log = 0;
  double least = static_cast<double>(n * (2 * half + 1)) / static_cast<double>(lanes);
  for (int log_points = kLeastLog; log_points <= kMostLog; ++log_points) {
    const int64_t points = int64_t{1} << log_points, outputs = (points - 2 * half) / 16 * 16;
    if (outputs < points / 8) continue;
    const int64_t blocks = (n + outputs - 1) / outputs, first = 2 * (lanes - 1);
    const int64_t groups = blocks <= first ? 1 : 1 + (blocks - first + 2 * lanes - 1) / (2 * lanes);
    // Two FFTs of some 5 operations a point and stage of two, the spectrum, the turning of lanes.
    const double cost = static_cast<double>(groups * points) * (4.5 * log_points + 11);
    if (cost >= least) continue;
    least = cost;
    best.points = points;
    best.outputs = outputs;
    best_log = log_points;
  }
  if (best.points > 0) best.twiddles = FftTwiddles(best_log);
  return best;
}

}  // namespace

void sinc_filter_f32(float* x, int64_t n, double cutoff, bool high_pass, AugmentScratch& scratch) {
  const Choice choice = ActiveChoice();
  if (choice.plain) return reference::sinc_filter_f32(x, n, cutoff, high_pass);
  const FilterLoops& loops = kFilter[choice.isa];
  const int64_t half = static_cast<int64_t>(8 / cutoff / 2);
  std::vector<float>& taps = scratch.taps;
  DesignTaps(cutoff, half, high_pass, taps);
  const FftFilterPlan plan = ChooseFft(n, half, loops.lanes);
  // Zeros behind the end: they meet no tap of an output that is kept, but NaN · 0 would not be 0.
  const int64_t slack = std::max<int64_t>(plan.points, taps.size()) + kLaneSlack;
  float* padded = scratch.input.Reserve(n + 2 * half + slack);
  std::memset(padded + n + 2 * half, 0, slack * sizeof(float));
  const float peak = loops.pad_f32(x, n, half, padded);
  if (plan.points == 0 || peak > kLargestForFft) {
    loops.convolve_f32(padded, taps.data(), static_cast<int64_t>(taps.size()), x, n);
  } else {
    float* memory = scratch.lines.Reserve(2 * (loops.lanes + 1) * plan.points);
    loops.convolve_fft_f32(padded, taps.data(), plan, memory, x, n);
  }
}

}  // namespace clmr::kernels
