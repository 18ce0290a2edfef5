#include "kernels/sample_cnn/training/training.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/dispatch.h"
#include "kernels/sample_cnn/training/pass.h"

namespace clmr::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class TrainingFunction : public torch::autograd::Function<TrainingFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, at::TensorList /*parameters*/,
                            const c10::intrusive_ptr<TrainingPass>& pass) {
    context->saved_data["pass"] = c10::IValue::make_capsule(pass);
    return pass->Forward();
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    // The pass leaves the graph here, so that its memory is free for the next one as soon as this returns.
    const c10::IValue saved = std::move(context->saved_data["pass"]);
    context->saved_data.clear();
    TORCH_CHECK(saved.isCapsule(), "the gradients of a training step can be taken once");
    auto* pass = static_cast<TrainingPass*>(saved.toCapsule().get());
    variable_list out = pass->Backward(gradients[0]);
    out.emplace_back();  // of `pass`
    return out;
  }
};

void MoveStatistics(const ConvBlock& block, const at::Tensor& mean, const at::Tensor& variance,
                    int64_t count) {
  const double momentum = kBatchNormMomentum;
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  at::Tensor(block.running_mean).mul_(1 - momentum).add_((mean + block.bias).to(at::kFloat), momentum);
  at::Tensor(block.running_var).mul_(1 - momentum).add_((variance * unbiased).to(at::kFloat), momentum);
  at::Tensor(block.batches_tracked).add_(1);
}

}  // namespace

bool TrainingServes(const std::vector<ConvBlock>& blocks, const at::Tensor& clips) {
  const auto known = [](const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; };
  if (ActiveChoice().plain || !known(clips) || clips.size(0) == 0 || clips.requires_grad()) return false;
  if (clips.size(1) != kClipLength || !AreClmrs(blocks)) return false;
  for (const ConvBlock& block : blocks)
    if (!known(block.weight) || !known(block.bias) || !known(block.gamma) || !known(block.beta)) return false;
  return true;
}

at::Tensor TrainingForward(const std::vector<ConvBlock>& blocks, const at::Tensor& clips,
                           const AbortFlag& abort, Precision precision) {
  const auto pass = c10::make_intrusive<TrainingPass>(blocks, clips.contiguous(), abort, precision);
  std::vector<at::Tensor> parameters;
  for (int64_t i = 0; i < kTrainingBlocks; ++i)
    parameters.insert(parameters.end(), {blocks[i].weight, blocks[i].bias, blocks[i].gamma, blocks[i].beta});
  const at::Tensor out = TrainingFunction::apply(at::TensorList(parameters), pass);
  at::NoGradGuard no_gradients;
  for (int64_t i = 0; i < kTrainingBlocks; ++i)
    MoveStatistics(blocks[i], pass->Mean(i), pass->Variance(i), pass->Count(i));
  return out;
}

}  // namespace clmr::kernels
