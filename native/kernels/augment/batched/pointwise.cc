#include <ATen/ATen.h>

#include <array>

#include "kernels/augment/augment.h"
#include "kernels/augment/pointwise_numbers.h"
#include "kernels/cuda.h"
#include "random/philox.h"

namespace clmr::kernels::batched {
namespace {

constexpr int64_t kWord = 0xffffffff;

// Words of a block of Philox 4x32-10 (random/philox.h): 32 bits each in int64, any shape.
using Block = std::array<at::Tensor, 4>;

// The two halves of multiplier · word. The product wraps in 64 bits, of which both are right.
std::pair<at::Tensor, at::Tensor> HighLow(int64_t multiplier, const at::Tensor& word) {
  const at::Tensor product = word * multiplier;
  return {at::bitwise_right_shift(product, 32).bitwise_and(kWord), product.bitwise_and(kWord)};
}

Block Philox(Block c, at::Tensor key_low, at::Tensor key_high) {
  for (int round = 0; round < 10; ++round) {
    const auto [a_high, a_low] = HighLow(0xD2511F53, c[0]);
    const auto [b_high, b_low] = HighLow(0xCD9E8D57, c[2]);
    c = {b_high.bitwise_xor(c[1]).bitwise_xor(key_low), b_low, a_high.bitwise_xor(c[3]).bitwise_xor(key_high),
         a_low};
    key_low = (key_low + 0x9E3779B9).bitwise_and(kWord);
    key_high = (key_high + 0xBB67AE85).bitwise_and(kWord);
  }
  return c;
}

// seed [R, 1] → the first n numbers of random::Stream(seed, Purpose::noise, 0, 0, 0).Normal() [R, n], float64
at::Tensor Normals(const at::Tensor& seed, int64_t n) {
  const at::Tensor key = seed.to(at::kLong);
  const at::Tensor block = at::arange((n + 3) / 4, key.options()).unsqueeze(0);
  const at::Tensor zero = at::zeros_like(block);
  const Block words = Philox({block, zero, zero, zero + static_cast<int64_t>(random::Purpose::noise)},
                             key.bitwise_and(kWord), at::bitwise_right_shift(key, 32).bitwise_and(kWord));
  std::vector<at::Tensor> values;
  for (const size_t i : {0, 2}) {
    const at::Tensor radius = ((words[i].to(at::kDouble) + 1) * 0x1p-32).log().mul(-2).sqrt();
    const at::Tensor angle = words[i + 1].to(at::kDouble) * (2 * M_PI * 0x1p-32);
    values.push_back(radius * angle.cos());
    values.push_back(radius * angle.sin());
  }
  return at::stack(values, 2).flatten(1).narrow(1, 0, n);
}

}  // namespace

bool PointwiseServes(const at::Tensor& x) { return CudaFor(x) != nullptr; }

std::vector<double> pointwise_numbers(const PointwisePass& pass, int64_t row, int64_t samples) {
  std::vector<double> numbers(kPointwiseNumbers);
  numbers[kPointwiseFrom] = static_cast<double>(row * samples);
  numbers[kPointwiseBefore] = pass.before;
  numbers[kPointwiseRatio] = pass.noise ? pass.noise_ratio : -1;
  numbers[kPointwiseSeed] = static_cast<double>(pass.noise_seed);
  numbers[kPointwiseAfter] = pass.after;
  numbers[kPointwiseOffset] = pass.echo ? static_cast<double>(pass.offset) : -1;
  numbers[kPointwiseVolume] = pass.volume;
  numbers[kPointwiseReverse] = pass.reverse ? 1 : 0;
  return numbers;
}

at::Tensor pointwise(const at::Tensor& x, const at::Tensor& numbers) {
  return CudaFor(x)->pointwise(x, numbers, x.size(1));
}

at::Tensor scale(const at::Tensor& x, const at::Tensor& factor) { return x * factor.to(at::kFloat); }

at::Tensor add_noise(const at::Tensor& x, const at::Tensor& ratio, const at::Tensor& seed) {
  const at::Tensor finite = at::isfinite(x), count = finite.sum(1, /*keepdim=*/true).to(at::kDouble);
  const at::Tensor wide = x.to(at::kDouble).masked_fill(finite.logical_not(), 0);
  const at::Tensor mean = wide.sum(1, true) / count;
  const at::Tensor squares = (wide - mean).square().masked_fill(finite.logical_not(), 0).sum(1, true);
  const at::Tensor deviation = (ratio * (squares / (count - 1)).sqrt()).masked_fill(count < 2, 0);
  return x + (deviation * Normals(seed, x.size(1))).to(at::kFloat);
}

at::Tensor echo(const at::Tensor& x, const at::Tensor& offset, const at::Tensor& volume) {
  const at::Tensor from = at::arange(x.size(1), x.options().dtype(at::kLong)) - offset.to(at::kLong);
  const at::Tensor delayed = x.gather(1, from.clamp_min(0));
  const at::Tensor silent = (from < 0).logical_or(at::isfinite(delayed).logical_not());
  return (x + volume.to(at::kFloat) * delayed.masked_fill(silent, 0)) / 2;
}

}  // namespace clmr::kernels::batched
