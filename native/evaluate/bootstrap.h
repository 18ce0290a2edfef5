#pragma once
// Confidence intervals by the percentile bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap",
// 1993, chapter 13): a figure is computed again on tracks drawn with replacement.
#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "error.h"
#include "fields.h"

namespace clmr {

struct BootstrapSpec {
  static constexpr const char* kName = "BootstrapSpec";
  int64_t resamples;
  uint64_t seed;

  static auto Fields() {
    return std::tuple(Field("resamples", &BootstrapSpec::resamples), Field("seed", &BootstrapSpec::seed));
  }
};

// A figure of all tracks, and where 95 % of its values on resampled tracks lie.
struct Interval {
  static constexpr const char* kName = "Interval";
  double value, low, high;

  static auto Fields() {
    return std::tuple(Field("value", &Interval::value), Field("low", &Interval::low),
                      Field("high", &Interval::high));
  }
};

// Resamples `from` … `from + count` − 1: indices of tracks [count, n], int64. Resample r is a function of
// (seed, r) alone.
at::Tensor Resamples(const BootstrapSpec& spec, int64_t n, int64_t from, int64_t count);

// How often each track counts [r, n] → figures [r, m], NaN where a resample has none. All double.
using Statistic = std::function<at::Tensor(const at::Tensor& counts)>;

// The m figures of n tracks. Percentiles as numpy interpolates them; resamples without a figure do not count.
std::vector<Interval> Bootstrap(const BootstrapSpec& spec, int64_t n, const Statistic& statistic,
                                const AbortFlag& abort);

// Of [r, m]: the sums over the tracks of `numerators` over those of `denominators`, both [n, m].
Statistic RatioOfSums(at::Tensor numerators, at::Tensor denominators);
// The median of `values` [n, q] over all tracks and their q values, [r, 1].
Statistic MedianOf(const at::Tensor& values);
// What the first has more than the second on the same tracks.
Statistic Difference(Statistic first, Statistic second);
// Several statistics side by side.
Statistic Together(std::vector<Statistic> statistics);

}  // namespace clmr
