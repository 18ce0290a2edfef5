#include "objective/metrics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace clmr {
namespace {

constexpr int64_t kRowsAtOnce = 512;  // rows whose similarities to all others are held at a time

// f(similarities [n, N], first row): those of a row to itself are `own`
template <class F>
void EachBlock(const at::Tensor& u, float own, F f) {
  for (int64_t first = 0; first < u.size(0); first += kRowsAtOnce) {
    const int64_t n = std::min(kRowsAtOnce, u.size(0) - first);
    at::Tensor similarities = at::matmul(u.narrow(0, first, n), u.t());
    similarities.narrow(1, first, n).fill_diagonal_(own);
    f(similarities, first);
  }
}

}  // namespace

double NearestIsPositive(const at::Tensor& u, int64_t views) {
  int64_t found = 0;
  EachBlock(u, -std::numeric_limits<float>::infinity(), [&](const at::Tensor& similarities, int64_t first) {
    const at::Tensor rows = at::arange(first, first + similarities.size(0), u.options().dtype(at::kLong));
    const at::Tensor nearest = similarities.argmax(1);
    found += at::floor_divide(nearest, views).eq(at::floor_divide(rows, views)).sum().item<int64_t>();
  });
  return static_cast<double>(found) / static_cast<double>(u.size(0));
}

// Σ over ordered pairs of ‖a − b‖² = 2·(V·Σ‖a‖² − ‖Σ a‖²)
double Alignment(const at::Tensor& u, int64_t views) {
  const at::Tensor by_example = u.view({-1, views, u.size(1)}).to(at::kDouble);
  const at::Tensor squares = by_example.square().sum({1, 2}), sums = by_example.sum(1).square().sum(1);
  const auto v = static_cast<double>(views);
  return (2 * (v * squares - sums) / (v * (v - 1))).mean().item<double>();
}

double Uniformity(const at::Tensor& u) {
  double sum = 0;
  // ‖a − b‖² = 2 − 2·a·b for rows of length 1
  EachBlock(u, -std::numeric_limits<float>::infinity(), [&](const at::Tensor& similarities, int64_t) {
    sum += similarities.mul_(4).sub_(4).exp_().sum(at::kDouble).item<double>();
  });
  const auto rows = static_cast<double>(u.size(0));
  return std::log(sum / (rows * (rows - 1)));
}

double Spread(const at::Tensor& u) {
  return at::std(u.to(at::kDouble), at::IntArrayRef{0}).mean().item<double>() *
         std::sqrt(static_cast<double>(u.size(1)));
}

double Accuracy(const at::Tensor& scores, const at::Tensor& labels) {
  return scores.argmax(1).eq(labels.argmax(1)).to(at::kDouble).mean().item<double>();
}

std::optional<RankingMetrics> MacroRanking(const at::Tensor& scores, const at::Tensor& labels) {
  RankingMetrics sums{0, 0};
  int64_t classes = 0;
  for (int64_t k = 0; k < scores.size(1); ++k) {
    const at::Tensor s = scores.select(1, k).to(at::kDouble), y = labels.select(1, k).to(at::kDouble);
    const at::Tensor positives = s.masked_select(y > 0.5), negatives = s.masked_select(y <= 0.5);
    const auto p = static_cast<double>(positives.size(0)), n = static_cast<double>(negatives.size(0));
    if (p == 0 || n == 0) continue;
    ++classes;
    // the share of pairs in the right order; a tie is half of one
    const at::Tensor above = positives.unsqueeze(1) - negatives.unsqueeze(0);
    sums.roc_auc += (above.sign() + 1).mean().item<double>() / 2;
    // the mean over positives of the precision among all rows that score at least as high
    const at::Tensor hits = positives.unsqueeze(0).ge(positives.unsqueeze(1)).sum(1).to(at::kDouble);
    const at::Tensor taken = s.unsqueeze(0).ge(positives.unsqueeze(1)).sum(1).to(at::kDouble);
    sums.average_precision += (hits / taken).mean().item<double>();
  }
  if (classes == 0) return std::nullopt;
  const auto count = static_cast<double>(classes);
  return RankingMetrics{sums.roc_auc / count, sums.average_precision / count};
}

}  // namespace clmr
