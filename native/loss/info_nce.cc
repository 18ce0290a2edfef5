#include "loss/info_nce.h"

#include <ATen/ATen.h>

namespace clmr {

InfoNceValue InfoNce(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& queue,
                     double temperature) {
  const at::Tensor own = (queries * keys).sum(1, /*keepdim=*/true);  // q·k⁺ [B, 1]
  const at::Tensor others = at::matmul(queries, queue.t());          // q·k⁻ [B, K]
  const at::Tensor logits = at::cat({own, others}, 1) / temperature;
  const at::Tensor loss = at::cross_entropy_loss(logits, at::zeros({queries.size(0)}, at::kLong));
  const at::Tensor found = own.detach().squeeze(1) > std::get<0>(others.detach().max(1));
  return {loss, found.to(at::kDouble).mean().item<double>()};
}

}  // namespace clmr
