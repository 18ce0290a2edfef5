#include <ATen/ATen.h>

#include "cases.h"
#include "kernels/sample_cnn/reference.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::test {
namespace {

struct Case {
  int64_t n, channels, samples;
  bool pooled, channels_last;
};

// A tensor [N, C, T] of the layout, with values that are no numbers where `odd`
at::Tensor MakeInput(const Case& c, at::ScalarType type, bool odd) {
  at::Tensor x = at::randn({c.n, c.channels, c.samples});
  if (odd && x.numel() > 2) {
    x.flatten()[x.numel() / 2] = NAN;
    x.flatten()[0] = -INFINITY;
    x.flatten()[1] = INFINITY;
  }
  x = x.to(type);
  return c.channels_last ? x.transpose(1, 2).contiguous().transpose(1, 2) : x;
}

// The oracle: ATen's bias, ReLU and pooling in float32, rounded once. Equal to the bit.
void BiasReluPoolCase(const Case& c, at::ScalarType type, bool odd) {
  const at::Tensor x = MakeInput(c, type, odd), bias = at::randn({c.channels});
  const std::string title = "bias + ReLU + pool [" + std::to_string(c.n) + ", " + std::to_string(c.channels) +
                            ", " + std::to_string(c.samples) + "] " + at::toString(type);
  const auto got =
      Play(title, [&] { return std::vector<at::Tensor>{Kernels().bias_relu_pool(x, bias, c.pooled)}; });
  const at::Tensor sum = (x.to(at::kFloat) + bias.view({1, -1, 1})).contiguous();
  Compare(title, got[0], kernels::reference::pool_relu(sum, c.pooled ? 3 : 1).to(type), 0);
}

// The oracle: ATen's batch norm, ReLU and pooling in float64, and autograd through them. What is kept in
// bfloat16 is rounded to 8 bits on the way out.
void NormReluPoolCase(const Case& c, at::ScalarType type) {
  const at::Tensor y = MakeInput(c, type, false) * 2 + 5;
  ConvBlock block;
  block.gamma = at::randn({c.channels});
  block.beta = at::randn({c.channels});
  block.bias = at::randn({c.channels});
  block.pool = c.pooled ? kPool : 1;
  const std::string title = "batch norm + ReLU + pool [" + std::to_string(c.n) + ", " +
                            std::to_string(c.channels) + ", " + std::to_string(c.samples) + "] " +
                            at::toString(type);
  const at::Tensor x = y.to(at::kDouble).contiguous().requires_grad_(true);
  const at::Tensor scale = block.gamma.to(at::kDouble).requires_grad_(true);
  const at::Tensor shift = block.beta.to(at::kDouble).requires_grad_(true);
  const at::Tensor mean = at::zeros({c.channels}, at::kDouble),
                   variance = at::ones({c.channels}, at::kDouble);
  const at::Tensor biased = x + block.bias.to(at::kDouble).view({1, -1, 1});
  at::Tensor expected =
      at::batch_norm(biased, scale, shift, mean, variance, true, kBatchNormMomentum, kBatchNormEps, false)
          .relu();
  if (c.pooled) expected = at::max_pool1d(expected, {kPool}, {kPool});
  const at::Tensor upstream = at::randn(expected.sizes()).to(type);
  expected.backward(upstream.to(at::kDouble));
  const auto got = Play(title, [&] {
    block.running_mean = at::zeros({c.channels});
    block.running_var = at::ones({c.channels});
    const auto forward = Kernels().norm_relu_pool(y, block);
    const auto backward =
        Kernels().norm_relu_pool_backward(upstream, y, block, {forward[1], forward[2], forward[3]});
    return std::vector<at::Tensor>{forward[0],  forward[2],  forward[3],         backward[0],
                                   backward[1], backward[2], block.running_mean, block.running_var};
  });
  const double rounding = type == at::kFloat ? 2e-6 : 4e-3;
  Compare(title + ", out", got[0], expected.detach(), rounding);
  Compare(title + ", mean", got[1], x.detach().mean(at::IntArrayRef{0, 2}), 1e-6);
  Compare(title + ", variance", got[2], x.detach().var(at::IntArrayRef{0, 2}, /*unbiased=*/false), 1e-6);
  Compare(title + ", gradient", got[3], x.grad(), rounding);
  Compare(title + ", gradient of gamma", got[4], scale.grad(), 5e-6);
  Compare(title + ", gradient of beta", got[5], shift.grad(), 5e-6);
  Compare(title + ", running mean", got[6], mean, 1e-6);
  Compare(title + ", running variance", got[7], variance, 1e-6);
}

}  // namespace

void SampleCnnCases() {
  const Case shapes[] = {{1, 1, 3, true, false},   {2, 5, 29, true, false},  {2, 5, 29, false, false},
                         {3, 128, 81, true, true}, {1, 512, 1, false, true}, {1, 4, 4, true, true},
                         {4, 7, 243, true, false}, {0, 7, 9, true, false},   {2, 65, 27, false, true}};
  for (const Case& shape : shapes)
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
      for (const bool odd : {false, true}) BiasReluPoolCase(shape, type, odd);
  const Case trained[] = {{4, 3, 27, true, false}, {3, 5, 29, true, false}, {2, 40, 28, true, true},
                          {7, 70, 1, false, true}, {9, 2, 1, false, false}, {5, 2, 2187, true, false},
                          {3, 33, 300, true, true}};
  for (const Case& shape : trained)
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) NormReluPoolCase(shape, type);
}

}  // namespace clmr::test
