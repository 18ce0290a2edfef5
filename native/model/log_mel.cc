#include "model/log_mel.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "model/sample_cnn.h"
#include "model/windows.h"

namespace clmr {
namespace {

constexpr int64_t kFft = 2048, kHop = 512;
constexpr double kFloor = 1e-5;
// Windows that are transformed together: 16 MB of spectra.
constexpr int64_t kBatch = 16;

// Slaney's scale: 200/3 Hz a mel up to 1000 Hz, 15 mel; then 27 mel for a factor of 6.4.
constexpr double kHertzPerMel = 200.0 / 3, kLogStartsAt = 1000;
const double kLogStep = std::log(6.4) / 27;

double ToMel(double hertz) {
  if (hertz < kLogStartsAt) return hertz / kHertzPerMel;
  return kLogStartsAt / kHertzPerMel + std::log(hertz / kLogStartsAt) / kLogStep;
}

at::Tensor ToHertz(const at::Tensor& mel) {
  const double start = kLogStartsAt / kHertzPerMel;
  return at::where(mel < start, mel * kHertzPerMel, ((mel - start) * kLogStep).exp() * kLogStartsAt);
}

// x [n, bands, frames] → mean and deviation over time [n, 2 · bands]
at::Tensor OverTime(const at::Tensor& x) {
  return at::cat({x.mean(2), at::std(x, at::IntArrayRef{2}, /*correction=*/0)}, 1);
}

}  // namespace

at::Tensor MelFilters(double sample_rate, int64_t n_fft, int64_t bands) {
  const at::Tensor frequency = at::linspace(0, sample_rate / 2, n_fft / 2 + 1, at::kDouble);
  const at::Tensor edge = ToHertz(at::linspace(0, ToMel(sample_rate / 2), bands + 2, at::kDouble));
  const at::Tensor width = at::diff(edge).unsqueeze(1);                 // [bands + 1, 1]
  const at::Tensor above = frequency.unsqueeze(0) - edge.unsqueeze(1);  // [bands + 2, bins]
  const at::Tensor rising = above.slice(0, 0, bands) / width.slice(0, 0, bands);
  const at::Tensor falling = -above.slice(0, 2, bands + 2) / width.slice(0, 1, bands + 1);
  const at::Tensor span = (edge.slice(0, 2, bands + 2) - edge.slice(0, 0, bands)).unsqueeze(1);
  return (at::minimum(rising, falling).clamp_min(0) * 2 / span).to(at::kFloat);
}

at::Tensor LogMelSpectrogram(const at::Tensor& samples) {
  static const at::Tensor filters = MelFilters(kSampleRate, kFft, kMelBands);
  static const at::Tensor hann = at::hann_window(kFft, at::kFloat);
  const at::Tensor spectrum = at::stft(samples, kFft, kHop, kFft, hann, /*center=*/true, "constant",
                                       /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
  const at::Tensor power = at::view_as_real(spectrum).square().sum(-1);
  return (at::matmul(filters, power) + kFloor).log();
}

void LogMelWindows(const float* samples, int64_t length, const std::vector<double>& starts, float* out,
                   const AbortFlag& abort) {
  CheckStarts(starts);
  c10::InferenceMode inference;
  const auto count = static_cast<int64_t>(starts.size());
  at::Tensor vectors = at::from_blob(out, {count, kLogMelSize}, at::kFloat);
  for (int64_t from = 0; from < count; from += kBatch) {
    throw_if_aborted(abort);
    const int64_t to = std::min(count, from + kBatch);
    std::vector<at::Tensor> windows;
    for (int64_t i = from; i < to; ++i)
      windows.push_back(WindowAt(samples, length, static_cast<int64_t>(starts[i]), kClipLength));
    const at::Tensor bands = LogMelSpectrogram(at::cat(windows));
    vectors.slice(0, from, to).copy_(at::cat({OverTime(bands), OverTime(at::diff(bands))}, 1));
  }
}

}  // namespace clmr
