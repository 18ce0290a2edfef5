#pragma once
// Neighbours and projections of embeddings.
#include <ATen/core/Tensor.h>

#include "error.h"
#include "fields.h"

namespace clmr {

struct Neighbours {
  static constexpr const char* kName = "Neighbours";
  at::Tensor indices;  // [q, k] int32
  at::Tensor scores;   // [q, k] float32

  static auto Fields() {
    return std::tuple(Field("indices", &Neighbours::indices), Field("scores", &Neighbours::scores));
  }
};

// queries [q, dim], rows [n, dim] → for each query the k rows of the largest cosine similarity, best first;
// equal similarities in the order of the rows. A row of zeros has similarity 0 to everything.
// k ≤ n. Memory O(chunk · n).
Neighbours TopK(const at::Tensor& queries, const at::Tensor& rows, int64_t k, const AbortFlag& abort);

// x [n, dim] → scores on the first `components` principal components [n, components]:
// of the covariance of the centred columns, largest variance first, in double precision.
// The sign of a component makes its largest loading positive.
at::Tensor Pca(const at::Tensor& x, int64_t components);

}  // namespace clmr
