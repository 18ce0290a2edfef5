// The gradients of TrainingPass against autograd in float64 that is given the same decisions (where a pooling window has
// its largest value, where ReLU is active): without that a handful of near-ties falls the other way and hides what is to
// be seen. Prints the relative error of every gradient; exits with 1 where one is above 1e-4, or 0.1
// where activations are kept as bfloat16.
//   training_gradients CLIPS {plain,mixed,bfloat16}
#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernels/dispatch.h"
#include "model/sample_cnn.h"
#include "model/training_pass.h"

namespace {

constexpr double kTolerance = 1e-4;
constexpr double kKeptAsBfloat16 = 1e-1;  // activations and their gradients are rounded to 8 bits, layer by layer

double RelativeError(const at::Tensor& got, const at::Tensor& expected) {
  const double norm = expected.norm().item<double>();
  return (got.to(at::kDouble) - expected).norm().item<double>() / (norm > 0 ? norm : 1);
}

// γ around 1 and β around 0; where `mixed`, a third of γ negative and a fifth 0.
void Spread(clmr::SampleCnn& model, bool mixed) {
  for (clmr::ConvBlock& block : model.blocks) {
    block.gamma = 0.6 + 0.8 * at::rand_like(block.gamma);
    block.beta = 0.4 * at::rand_like(block.beta) - 0.2;
    if (!mixed) continue;
    const at::Tensor i = at::arange(block.gamma.size(0));
    block.gamma = at::where(i % 3 == 0, -block.gamma, block.gamma);
    block.gamma = at::where(i % 5 == 0, at::zeros_like(block.gamma), block.gamma);
  }
}

// z [N, C, T] → [N, C, T / 3] by the indices of `choice`, −1 where ReLU is not active
at::Tensor Choose(const at::Tensor& z, const at::Tensor& choice) {
  return z.gather(2, choice.clamp_min(0)) * (choice >= 0).to(at::kDouble);
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t n = argc > 1 ? std::atoll(argv[1]) : 4;
  const bool mixed = argc > 2 && std::strcmp(argv[2], "mixed") == 0;
  at::manual_seed(1);
  clmr::SampleCnn model = clmr::SampleCnn::Create(5);
  Spread(model, mixed);
  const at::Tensor clips = at::randn({n, clmr::kClipLength}) * 0.3, above = at::randn({n, clmr::kEmbeddingSize, 1});
  const clmr::AbortFlag never{false};

  const bool bfloat16 = argc > 2 && std::strcmp(argv[2], "bfloat16") == 0;
  clmr::TrainingPass pass(model.blocks, clips, never, bfloat16 ? at::kBFloat16 : at::kFloat);
  const at::Tensor out = pass.Forward();
  std::vector<at::Tensor> choices;
  for (int64_t i = 0; i < clmr::TrainingPass::kBlocks; ++i) choices.push_back(pass.Choices(i));
  const std::vector<at::Tensor> gradients = pass.Backward(above);

  std::vector<at::Tensor> wide;
  at::Tensor x = clips.to(at::kDouble).unsqueeze(1);
  for (int64_t i = 0; i < clmr::TrainingPass::kBlocks; ++i) {
    const clmr::ConvBlock& block = model.blocks[i];
    for (const at::Tensor& parameter : {block.weight, block.bias, block.gamma, block.beta})
      wide.push_back(parameter.to(at::kDouble).requires_grad_(true));
    const at::Tensor* p = &wide[4 * i];
    x = at::conv1d(x, p[0], p[1], {block.stride}, {block.padding});
    x = at::batch_norm(x, p[2], p[3], {}, {}, /*training=*/true, 0.1, 1e-5, false);
    x = Choose(x, choices[i]);
  }
  double worst = RelativeError(out, x.detach());
  std::printf("%s, %lld clips: output %.2e\n", clmr::kernels::InstructionSet(), static_cast<long long>(n), worst);
  (x * above.to(at::kDouble)).sum().backward();
  static const char* const kNames[] = {"weight", "bias", "gamma", "beta"};
  for (size_t j = 0; j < gradients.size(); ++j) {
    if (j % 4 == 1) continue;  // of a bias before batch norm: 0 but for rounding
    const double error = RelativeError(gradients[j], wide[j].grad());
    std::printf("block %zu %-6s %.2e\n", j / 4, kNames[j % 4], error);
    worst = std::max(worst, error);
  }
  return worst <= (bfloat16 ? kKeptAsBfloat16 : kTolerance) ? 0 : 1;
}
