// WSOLA, segment by segment for all rows together, and the resampler.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "kernels/augment/batched/batched.h"
#include "kernels/augment/shapes.h"
#include "kernels/cuda.h"

namespace clmr::kernels::batched {
namespace {

constexpr double kLeastOfKernels = 0.5;     // up an octave, all that the table of the kernels has room for
constexpr int64_t kOutputsTogether = 2048;  // whose taps are gathered at a time

at::Tensor Count(int64_t n, const at::Tensor& like) { return at::arange(n, like.options().dtype(at::kLong)); }

// source [R, T], first [R, 1] → [R, count] from there
at::Tensor Cut(const at::Tensor& source, const at::Tensor& first, int64_t count) {
  return source.gather(1, first + Count(count, source));
}

// Which shift of window [R, search + overlap …] is nearest to tail [R, overlap]: [R, 1]
at::Tensor BestShift(const at::Tensor& window, const at::Tensor& tail, const WsolaLengths& l) {
  const at::Tensor candidates = window.narrow(1, 0, l.search + l.overlap - 1).unfold(1, l.overlap, 1);
  return (candidates - tail.unsqueeze(1)).square().sum(2).argmin(1, /*keepdim=*/true);
}

// x [R, T] → [R, longest], row r silent from its own end, T / factor, on
at::Tensor Wsola(const at::Tensor& x, double sample_rate, const at::Tensor& factor, int64_t longest) {
  const WsolaLengths l = WsolaLengthsAt(sample_rate);
  const int64_t n = x.size(1), hop = l.segment - l.overlap, window = l.search + l.segment;
  const at::Tensor padded = at::constant_pad_nd(x, {l.search / 2, window + 8});
  const int64_t last_start = padded.size(1) - window;
  const at::Tensor fade = Count(l.overlap, x).to(at::kFloat) * (1.0f / static_cast<float>(l.overlap));
  at::Tensor tail;
  std::vector<at::Tensor> pieces;
  for (int64_t at = 0; at < longest; at += hop) {
    const at::Tensor position = at::floor(factor * static_cast<double>(at) + (at == 0 ? 0.0 : 0.5));
    const at::Tensor around = Cut(padded, position.to(at::kLong).clamp_max(last_start), window);
    const at::Tensor chosen = at == 0 ? around.narrow(1, l.search / 2, l.segment)
                                      : Cut(around, BestShift(around, tail, l), l.segment);
    const at::Tensor begin = chosen.narrow(1, 0, l.overlap);
    pieces.push_back(at == 0 ? begin : tail * (1 - fade) + begin * fade);
    pieces.push_back(chosen.narrow(1, l.overlap, hop - l.overlap));
    tail = chosen.narrow(1, hop, l.overlap);
  }
  const at::Tensor stretched = at::cat(pieces, 1).narrow(1, 0, longest);
  const at::Tensor ends = at::floor(static_cast<double>(n) / factor + 0.5);
  return stretched.masked_fill(Count(longest, x) >= ends, 0);
}

// The resampler's table (reference/resample.cc) of every row: [R, phases + 1, taps], float32; taps are as
// many as the row with the widest kernel has, zeros around those of the others.
at::Tensor Tables(const at::Tensor& step, int64_t taps) {
  const at::Tensor row = step.unsqueeze(2), widening = row.clamp_min(1), cutoff = kResampleRolloff / widening;
  const at::Tensor half = at::ceil(2 * kResampleZeros * widening / 16) * 8;
  const at::Tensor k = at::arange(-taps / 2 + 1, taps / 2 + 1, step.options()).view({1, 1, -1});
  const at::Tensor t = k - at::arange(kResamplePhases + 1, step.options()).view({1, -1, 1}) / kResamplePhases;
  const at::Tensor window = at::i0(kResampleBeta * (1 - (t / half).square()).clamp_min(0).sqrt());
  const at::Tensor angle = M_PI * cutoff * t;
  const at::Tensor sinc = at::where(angle.abs() < 1e-9, at::ones_like(angle), angle.sin() / angle);
  const double norm = BesselI0OfRoot(kResampleBeta * kResampleBeta / 4);
  const at::Tensor outside = (k <= -half).logical_or(k > half);
  return (cutoff / norm * window * sinc).masked_fill(outside, 0).to(at::kFloat);
}

// x [R, T'] → [R, n]: row r at positions i · step
at::Tensor Resample(const at::Tensor& x, const at::Tensor& step, double widest, int64_t n) {
  constexpr int64_t kFractionBits = 32 - kResamplePhaseBits;
  const int64_t taps = ResampleTaps(widest), rows = x.size(0);
  const auto last = static_cast<int64_t>(std::ceil(widest * static_cast<double>(n))) + 2;
  const at::Tensor padded =
      at::constant_pad_nd(x, {taps / 2 - 1, std::max<int64_t>(0, last - x.size(1)) + taps}).contiguous();
  const at::Tensor tables = Tables(step, taps).view({-1, taps});
  // every window of `taps` samples, as a row; those across two clips are never chosen
  const at::Tensor windows = padded.as_strided({padded.numel() - taps + 1, taps}, {1, 1});
  const at::Tensor increment = at::floor(step * 0x1p32 + 0.5).to(at::kLong),
                   row = Count(rows, x).unsqueeze(1);
  std::vector<at::Tensor> parts;
  for (int64_t first = 0; first < n; first += kOutputsTogether) {
    const int64_t count = std::min(kOutputsTogether, n - first);
    const at::Tensor position = increment * (Count(count, x) + first);
    const at::Tensor between = position.bitwise_and(0xffffffff);
    const at::Tensor phase = row * (kResamplePhases + 1) + at::bitwise_right_shift(between, kFractionBits);
    const at::Tensor fraction =
        between.bitwise_and((int64_t{1} << kFractionBits) - 1).to(at::kFloat) * (1.0f / (1 << kFractionBits));
    const at::Tensor place = row * padded.size(1) + at::bitwise_right_shift(position, 32);
    const at::Tensor a = tables.index_select(0, phase.flatten()),
                     b = tables.index_select(0, phase.flatten() + 1);
    const at::Tensor weights = a + fraction.flatten().unsqueeze(1) * (b - a);
    parts.push_back((windows.index_select(0, place.flatten()) * weights).sum(1).view({rows, count}));
  }
  return at::cat(parts, 1);
}

}  // namespace

at::Tensor pitch_shift(const at::Tensor& x, double sample_rate, const std::vector<double>& factors,
                       const at::Tensor& factor) {
  const int64_t n = x.size(1);
  const double least = *std::min_element(factors.begin(), factors.end());
  if (const CudaKernels* cuda = least < kLeastOfKernels ? nullptr : CudaFor(x))
    return cuda->pitch_shift(x, factor.flatten(), sample_rate, least);
  const auto longest = static_cast<int64_t>(static_cast<double>(n) / least + 0.5);
  const at::Tensor stretched = Wsola(x.clamp(-1, 1), sample_rate, factor, longest);
  const at::Tensor shifted = Resample(stretched, 1 / factor, 1 / least, n).clamp(-1, 1);
  return at::where(at::isnan(x).any(1, /*keepdim=*/true), x, shifted);
}

}  // namespace clmr::kernels::batched
