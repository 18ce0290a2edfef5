#pragma once
// BYOL's loss (Grill et al., "Bootstrap your own latent", 2020): each view predicts what the target network
// makes of the other one. No negatives.
#include <ATen/core/Tensor.h>

namespace clmr {

// predictions and targets [B·2, D], row = example·2 + view → the mean over examples of
//   (2 − 2·cos(p₁, t₂)) + (2 − 2·cos(p₂, t₁)),
// differentiable in the predictions.
at::Tensor ByolLoss(const at::Tensor& predictions, const at::Tensor& targets);

// The momentum of the target at step k (from 0) of K: from `base` to 1 along half a cosine; `base` where K is
// 0.
double ByolMomentum(double base, int64_t k, int64_t steps);

}  // namespace clmr
