#include "loss/embedding_metrics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace clmr {
namespace {

constexpr int64_t kBlock = 512;  // rows whose similarities to all others are held at a time

// f(similarities [n, N], first row): those of a row to itself are `own`
template <class F>
void EachBlock(const at::Tensor& u, float own, F f) {
  for (int64_t first = 0; first < u.size(0); first += kBlock) {
    const int64_t n = std::min(kBlock, u.size(0) - first);
    at::Tensor similarities = at::matmul(u.narrow(0, first, n), u.t());
    similarities.narrow(1, first, n).fill_diagonal_(own);
    f(similarities, first);
  }
}

}  // namespace

double NearestIsPositive(const at::Tensor& u, int64_t views) {
  int64_t found = 0;
  EachBlock(u, -std::numeric_limits<float>::infinity(), [&](const at::Tensor& similarities, int64_t first) {
    const at::Tensor rows = at::arange(first, first + similarities.size(0), at::kLong);
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

}  // namespace clmr
