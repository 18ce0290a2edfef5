#pragma once
// NT-Xent (Chen et al., "A simple framework for contrastive learning of visual representations", 2020):
// z [N, D], rows grouped by example (row = example·V + view); every other view of the same example is a positive.
//   loss = mean over anchors i and their positives j of  −sim(i,j)/τ + log Σ_{k≠i} exp(sim(i,k)/τ),  sim = cosine
#include <ATen/core/Tensor.h>

namespace clmr {

// Scalar of float64, differentiable (z of any float dtype, its gradient in the same).
// Throws ERR_SHAPE or ERR_ARGUMENT (τ ≤ 0, V < 2, N not a multiple of V).
at::Tensor NtXentLoss(const at::Tensor& z, int64_t views, double temperature);

}  // namespace clmr
