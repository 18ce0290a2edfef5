#include "kernels/top_k/top_k.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace clmr::kernels {

void top_k_f32(const float* scores, int64_t n, int64_t k, int32_t* indices) {
  std::vector<int32_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  const auto better = [scores](int32_t a, int32_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  };
  std::partial_sort_copy(order.begin(), order.end(), indices, indices + k, better);
}

void rank_by_dot_f32(const float* query, const float* rows, int64_t dim, const int32_t* candidates,
                     int64_t count, int64_t k, int32_t* indices, float* scores) {
  std::vector<std::pair<float, int32_t>> ranked(count);
  for (int64_t i = 0; i < count; ++i) {
    const float* row = rows + candidates[i] * dim;
    double dot = 0;
    for (int64_t d = 0; d < dim; ++d) dot += static_cast<double>(query[d]) * row[d];
    ranked[i] = {static_cast<float>(dot), candidates[i]};
  }
  std::partial_sort(ranked.begin(), ranked.begin() + k, ranked.end(), [](const auto& a, const auto& b) {
    return a.first > b.first || (a.first == b.first && a.second < b.second);
  });
  for (int64_t i = 0; i < k; ++i) {
    scores[i] = ranked[i].first;
    indices[i] = ranked[i].second;
  }
}

}  // namespace clmr::kernels
