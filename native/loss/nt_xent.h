#pragma once
// NT-Xent (Chen et al., "A simple framework for contrastive learning of visual representations", 2020):
// z [N, D], rows grouped by example (row = example·V + view); every other view of the same example is a
// positive.
//   loss = mean over anchors i and their positives j of  −sim(i,j)/τ + log Σ_{k≠i} exp(sim(i,k)/τ),  sim =
//   cosine
#include <ATen/core/Tensor.h>

#include "error.h"

namespace clmr {

// temperature: τ, a scalar. Scalar of float64, differentiable in z (of any float dtype, its gradient in the
// same) and in τ. The fused kernel where it serves, otherwise the plain one, whose memory grows as N². Throws
// ERR_SHAPE or ERR_ARGUMENT (τ ≤ 0, V < 2, N not a multiple of V), ABORT.
at::Tensor NtXentLoss(const at::Tensor& z, int64_t views, const at::Tensor& temperature,
                      const AbortFlag& abort);

struct NtXentValue {
  double loss = 0;
  at::Tensor gradient;              // d loss / d z, as z
  double temperature_gradient = 0;  // d loss / d τ
};
// The same with its gradients at once, without a graph.
NtXentValue NtXentLossAndGradient(const at::Tensor& z, int64_t views, double temperature,
                                  const AbortFlag& abort);

}  // namespace clmr
