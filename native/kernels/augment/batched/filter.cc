// The windowed-sinc filters by one FFT a row, in float64.
#include <ATen/ATen.h>

#include <algorithm>

#include "kernels/augment/batched/batched.h"
#include "kernels/cuda.h"

namespace clmr::kernels::batched {
namespace {

int64_t PowerOfTwo(int64_t least) {
  int64_t size = 1;
  while (size < least) size *= 2;
  return size;
}

int64_t HalfOf(double cutoff) { return static_cast<int64_t>(8 / cutoff / 2); }

// [R, 2·widest + 1]: every row's taps in the middle, zeros around
at::Tensor Taps(const at::Tensor& cutoff, const at::Tensor& high_pass, int64_t widest) {
  const at::Tensor t = at::arange(-widest, widest + 1, cutoff.options()).unsqueeze(0);
  const at::Tensor half = at::floor(8 / cutoff / 2), angle = 2 * M_PI * cutoff * t;
  const at::Tensor window = 0.5 + 0.5 * (M_PI * t / half).cos();
  const at::Tensor sinc = at::where(t == 0, at::ones_like(angle), angle.sin() / angle);
  const at::Tensor design = (window * sinc).masked_fill(t.abs() > half, 0);
  const at::Tensor low_pass = design / design.sum(1, /*keepdim=*/true);  // a constant passes unchanged
  return at::where(high_pass > 0, (t == 0).to(at::kDouble) - low_pass, low_pass);
}

}  // namespace

at::Tensor sinc_filter(const at::Tensor& x, const std::vector<double>& cutoffs, const at::Tensor& cutoff,
                       const at::Tensor& high_pass) {
  const double lowest = *std::min_element(cutoffs.begin(), cutoffs.end());
  if (const CudaKernels* cuda = CudaFor(x))
    return cuda->sinc_filter(x, cutoff.flatten(), high_pass.flatten(), lowest);
  const int64_t n = x.size(1), half = HalfOf(lowest);
  const at::Tensor place = at::arange(-half, n + half, x.options().dtype(at::kLong)).clamp(0, n - 1);
  const at::Tensor padded = x.index_select(1, place).to(at::kDouble);  // the ends repeated
  const at::Tensor finite = padded.masked_fill(at::isfinite(padded).logical_not(), 0);
  const int64_t points = PowerOfTwo(n + 2 * half);
  const at::Tensor product =
      at::fft_rfft(finite, points) * at::fft_rfft(Taps(cutoff, high_pass, half), points);
  return at::fft_irfft(product, points).narrow(1, 2 * half, n).to(at::kFloat);
}

}  // namespace clmr::kernels::batched
