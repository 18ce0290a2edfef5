#include "kernels/sample_cnn/training/norm_relu_pool.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/cuda.h"

namespace clmr::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class NormReluPoolFunction : public torch::autograd::Function<NormReluPoolFunction> {
 public:
  // gamma, beta and bias are those of the block.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& gamma,
                            const at::Tensor& beta, const at::Tensor& bias, const ConvBlock* block,
                            const CudaKernels* cuda) {
    const auto [out, extremes, mean, variance] = cuda->norm_relu_pool(y, *block);
    context->save_for_backward({y, gamma, beta, bias, extremes, mean, variance});
    context->saved_data["pool"] = block->pool;
    context->saved_data["kernels"] = reinterpret_cast<int64_t>(cuda);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    const variable_list saved = context->get_saved_variables();
    const auto* cuda = reinterpret_cast<const CudaKernels*>(context->saved_data["kernels"].toInt());
    ConvBlock block;
    block.gamma = saved[1];
    block.beta = saved[2];
    block.pool = context->saved_data["pool"].toInt();
    const auto [y, gamma, beta] =
        cuda->norm_relu_pool_backward(upstream[0], saved[0], block, {saved[4], saved[5], saved[6]});
    return {y, gamma, beta, at::zeros_like(saved[3]), {}, {}};
  }
};

}  // namespace

bool NormReluPoolServes(const ConvBlock& block, const at::Tensor& x) {
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return known && block.gamma.scalar_type() == at::kFloat && (block.pool == 1 || block.pool == kPool) &&
         CudaFor(x) != nullptr;
}

at::Tensor norm_relu_pool(const at::Tensor& y, const ConvBlock& block) {
  const at::Tensor out =
      NormReluPoolFunction::apply(y, block.gamma, block.beta, block.bias, &block, CudaFor(y));
  at::NoGradGuard no_gradients;
  at::Tensor(block.batches_tracked).add_(1);
  return out;
}

}  // namespace clmr::kernels
