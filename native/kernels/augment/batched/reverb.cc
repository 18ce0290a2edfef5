// Freeverb without its loops: until it clips it is linear and does not change with time, so its transfer
// function does at once what the delay lines do sample by sample. Taken on a circle outside of the unit
// circle (the clip is weighted by r^−n), the FFT's periods hardly overlap: what would come after the last
// sample returns 1e8 times smaller, and float64 has the digits to undo the weights.
#include <ATen/ATen.h>

#include <cmath>

#include "kernels/augment/batched/batched.h"
#include "kernels/augment/shapes.h"
#include "kernels/cuda.h"

namespace clmr::kernels::batched {
namespace {

constexpr double kWeightOfPeriod = 1e-8;  // r^−points

class Circle {
 public:
  Circle(int64_t points, const at::Tensor& like)
      : points_(points),
        log_radius_(-std::log(kWeightOfPeriod) / static_cast<double>(points)),
        bins_(at::arange(points / 2 + 1, like.options().dtype(at::kDouble)).unsqueeze(0)) {}

  // z^−delay on the circle [R, bins]; delay [R, 1]
  at::Tensor Delay(const at::Tensor& delay) const {
    const auto points = static_cast<double>(points_);
    const at::Tensor turns = at::remainder(bins_ * delay, points) * (-2 * M_PI / points);
    return at::polar((delay * -log_radius_).exp().expand_as(turns), turns);
  }
  // r^n for n in [0, count)
  at::Tensor Weights(int64_t count) const { return (at::arange(count, bins_.options()) * log_radius_).exp(); }

 private:
  int64_t points_;
  double log_radius_;
  at::Tensor bins_;
};

at::Tensor ClipToFullScale(const at::Tensor& x) { return x.clamp(-1, 1); }

}  // namespace

std::vector<double> reverb_numbers(double sample_rate, const ReverbParameters& parameters) {
  std::vector<double> numbers{ReverbFeedback(parameters.reverberance), ReverbDamping(parameters.damping)};
  const ReverbLines lines = ReverbLinesAt(sample_rate, parameters.room_size);
  for (const auto& channel : lines.combs)
    numbers.insert(numbers.end(), std::begin(channel), std::end(channel));
  for (const auto& channel : lines.all_passes)
    numbers.insert(numbers.end(), std::begin(channel), std::end(channel));
  return numbers;
}

at::Tensor reverb(const at::Tensor& x, double sample_rate, const at::Tensor& numbers) {
  if (const CudaKernels* cuda = CudaFor(x)) return cuda->reverb(x, numbers, sample_rate);
  const auto column = [&](int64_t i) { return numbers[i].unsqueeze(1); };
  const at::Tensor feedback = column(0), damping = column(1);
  const int64_t n = x.size(1);
  int64_t points = 1;
  while (points < n) points *= 2;
  const Circle circle(points, x);
  const at::Tensor weights = circle.Weights(n);
  const at::Tensor dry = ClipToFullScale(x.masked_fill(at::isnan(x), 0)).to(at::kDouble);
  const at::Tensor spectrum = at::fft_rfft(dry / weights, points);
  // what the low-pass in a comb's feedback leaves of it
  const at::Tensor returned = feedback * (1 - damping) / (1 - damping * circle.Delay(at::ones_like(damping)));
  at::Tensor mixed = at::zeros_like(dry);
  for (int64_t channel = 0; channel < 2; ++channel) {
    at::Tensor gain;
    for (int64_t i = 0; i < 8; ++i) {
      const at::Tensor delayed = circle.Delay(column(2 + channel * 8 + i));
      const at::Tensor comb = delayed / (1 - returned * delayed);
      gain = gain.defined() ? gain + comb : comb;
    }
    for (int64_t i = 0; i < 4; ++i) {
      const at::Tensor delayed = circle.Delay(column(18 + channel * 4 + i));
      gain = gain * (1.5 * delayed - 1) / (1 - 0.5 * delayed);
    }
    const at::Tensor wet = at::fft_irfft(spectrum * gain, points).narrow(1, 0, n) * weights;
    mixed += ClipToFullScale(dry + kReverbWetGain * wet);
  }
  return (0.5 * mixed).to(at::kFloat);
}

}  // namespace clmr::kernels::batched
