#pragma once
// InfoNCE (van den Oord, Li & Vinyals, "Representation learning with contrastive predictive coding", 2018)
// with the negatives of a queue, as momentum contrast has it (He et al., 2020): −log exp(q·k⁺/τ) /
// (exp(q·k⁺/τ) + Σ exp(q·k⁻/τ)).
#include <ATen/core/Tensor.h>

namespace clmr {

struct InfoNceValue {
  at::Tensor loss;  // scalar, the mean over queries; differentiable in them
  double accuracy;  // share of the queries that are closer to their own key than to all of the queue
};

// Rows of length 1: queries [B, D], keys [B, D] (query i belongs to key i), queue [K, D].
InfoNceValue InfoNce(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& queue,
                     double temperature);

}  // namespace clmr
