#include "evaluate/bootstrap.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "random/philox.h"

namespace clmr {
namespace {

// Numbers of a chunk of resamples: 256 kB in double, which stay in the cache of a core.
constexpr int64_t kNumbersPerChunk = int64_t{1} << 15;
constexpr double kLow = 0.025, kHigh = 0.975;

void Check(const BootstrapSpec& spec, int64_t n) {
  if (n < 1) throw Error("ERR_ARGUMENT", "there are no tracks to resample");
  if (spec.resamples < 1 || spec.resamples > 10'000'000)
    throw Error("ERR_ARGUMENT", "resamples must lie between 1 and 10,000,000");
}

at::Tensor Counts(const at::Tensor& indices) {
  at::Tensor counts = at::zeros(indices.sizes(), at::kDouble);
  return counts.scatter_add_(1, indices, at::ones(indices.sizes(), at::kDouble));
}

// figures [r, m] → [m] at the quantile `q`, over the rows that have a figure
at::Tensor Percentile(const at::Tensor& figures, double q) { return at::nanquantile(figures, q, 0); }

}  // namespace

at::Tensor Resamples(const BootstrapSpec& spec, int64_t n, int64_t from, int64_t count) {
  Check(spec, n);
  at::Tensor indices = at::empty({count, n}, at::kLong);
  int64_t* index = indices.data_ptr<int64_t>();
  for (int64_t r = 0; r < count; ++r) {
    random::Stream stream(spec.seed, random::Purpose::bootstrap, static_cast<uint32_t>(from + r), 0, 0);
    std::generate_n(index + r * n, n, [&] { return stream.Integer(0, n - 1); });
  }
  return indices;
}

std::vector<Interval> Bootstrap(const BootstrapSpec& spec, int64_t n, const Statistic& statistic,
                                const AbortFlag& abort) {
  Check(spec, n);
  const int64_t chunk = std::max<int64_t>(1, kNumbersPerChunk / n);
  const int64_t chunks = (spec.resamples + chunk - 1) / chunk;
  std::vector<at::Tensor> parts(chunks);
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      throw_if_aborted(abort);
      const int64_t from = part * chunk, count = std::min(chunk, spec.resamples - from);
      parts[part] = statistic(Counts(Resamples(spec, n, from, count)));
    }
  });
  const at::Tensor figures = at::cat(parts);
  const at::Tensor value = statistic(at::ones({1, n}, at::kDouble)).squeeze(0);
  const at::Tensor low = Percentile(figures, kLow), high = Percentile(figures, kHigh);
  std::vector<Interval> intervals;
  for (int64_t i = 0; i < value.size(0); ++i)
    intervals.push_back({value[i].item<double>(), low[i].item<double>(), high[i].item<double>()});
  return intervals;
}

Statistic RatioOfSums(at::Tensor numerators, at::Tensor denominators) {
  return [numerators = std::move(numerators), denominators = std::move(denominators)](
             const at::Tensor& counts) { return at::mm(counts, numerators) / at::mm(counts, denominators); };
}

Statistic MedianOf(const at::Tensor& values) {
  const int64_t total = values.numel();
  const auto [sorted, order] = values.reshape({-1}).sort();
  const at::Tensor track = at::floor_divide(order, values.size(1));
  return [total, sorted, track](const at::Tensor& counts) {
    const at::Tensor below = counts.index_select(1, track).cumsum(1);
    const auto at_place = [&](int64_t place) {
      const at::Tensor wanted = at::full({counts.size(0), 1}, static_cast<double>(place), at::kDouble);
      return sorted.index_select(0, at::searchsorted(below, wanted).squeeze(1));
    };
    return ((at_place((total + 1) / 2) + at_place(total / 2 + 1)) / 2).unsqueeze(1);
  };
}

Statistic Difference(Statistic first, Statistic second) {
  return [first = std::move(first), second = std::move(second)](const at::Tensor& counts) {
    return first(counts) - second(counts);
  };
}

Statistic Together(std::vector<Statistic> statistics) {
  return [statistics = std::move(statistics)](const at::Tensor& counts) {
    std::vector<at::Tensor> columns;
    for (const Statistic& statistic : statistics) columns.push_back(statistic(counts));
    return at::cat(columns, 1);
  };
}

}  // namespace clmr
