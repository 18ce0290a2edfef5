#include "evaluate/search.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>

#include "kernels/top_k/top_k.h"

namespace clmr {
namespace {

// The product by GEMM rounds differently from row to row; this many more candidates than asked for are ranked
// again by a dot product in double.
constexpr int64_t kSpareCandidates = 32;
constexpr int64_t kScoresPerChunk = int64_t{1} << 24;

void CheckFinite(const at::Tensor& x, const char* name) {
  if (!at::isfinite(x).all().item<bool>())
    throw Error("ERR_NON_FINITE", std::string(name) + " hold NaN or infinity");
}

// Rows of length 1. Here, unlike in training (UnitRows of model/layers.h), a row keeps its direction however
// short it is, for which double is wide enough; zero rows stay zero.
at::Tensor Directions(const at::Tensor& x) {
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor norm = wide.norm(2, {1}, /*keepdim=*/true);
  return wide.div(norm.masked_fill(norm.eq(0), 1)).to(at::kFloat).contiguous();
}

}  // namespace

Neighbours TopK(const at::Tensor& queries, const at::Tensor& rows, int64_t k, const AbortFlag& abort) {
  const int64_t q = queries.size(0), n = rows.size(0), dim = rows.size(1);
  if (k < 1 || k > n) throw Error("ERR_ARGUMENT", "k must lie between 1 and the number of rows");
  if (n > std::numeric_limits<int32_t>::max()) throw Error("ERR_ARGUMENT", "too many rows");
  CheckFinite(queries, "the queries");
  CheckFinite(rows, "the rows");
  const at::Tensor unit_queries = Directions(queries), unit_rows = Directions(rows);
  Neighbours result{at::empty({q, k}, at::kInt), at::empty({q, k}, at::kFloat)};
  const int64_t count = std::min(n, k + kSpareCandidates);
  const int64_t chunk = std::max<int64_t>(1, kScoresPerChunk / n);
  for (int64_t from = 0; from < q; from += chunk) {
    throw_if_aborted(abort);
    const int64_t to = std::min(q, from + chunk);
    const at::Tensor scores = at::mm(unit_queries.slice(0, from, to), unit_rows.t());  // [chunk, n]
    const float* score = scores.const_data_ptr<float>();
    int32_t* indices = result.indices.data_ptr<int32_t>();
    float* best = result.scores.data_ptr<float>();
    at::parallel_for(from, to, 1, [&](int64_t begin, int64_t end) {
      std::vector<int32_t> candidates(count);
      for (int64_t i = begin; i < end; ++i) {
        kernels::top_k_f32(score + (i - from) * n, n, count, candidates.data());
        kernels::rank_by_dot_f32(unit_queries.const_data_ptr<float>() + i * dim,
                                 unit_rows.const_data_ptr<float>(), dim, candidates.data(), count, k,
                                 indices + i * k, best + i * k);
      }
    });
  }
  return result;
}

at::Tensor Pca(const at::Tensor& x, int64_t components) {
  const int64_t n = x.size(0), dim = x.size(1);
  if (components < 1 || components > dim)
    throw Error("ERR_ARGUMENT", "components must lie between 1 and the number of columns");
  CheckFinite(x, "the embeddings");
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor centred = wide - wide.mean(0, /*keepdim=*/true);
  const at::Tensor covariance = at::mm(centred.t(), centred).div_(std::max<int64_t>(1, n - 1));
  // eigenvalues ascend: the last columns of the vectors [dim, dim] are wanted, in reverse
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(covariance));
  const at::Tensor loadings = vectors.slice(1, dim - components, dim).flip(1);
  const at::Tensor largest = loadings.abs().argmax(0, /*keepdim=*/true);
  const at::Tensor signs = loadings.gather(0, largest).sign();
  return at::mm(centred, loadings * signs).to(at::kFloat).contiguous();
}

}  // namespace clmr
