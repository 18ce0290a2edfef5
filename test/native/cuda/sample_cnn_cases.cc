#include "emulation.h"
// The kernels, as nvcc compiles them
#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.cu"

#include <ATen/ATen.h>

#include "cases.h"
#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.h"
#include "kernels/sample_cnn/reference.h"

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
      Play(title, [&] { return std::vector<at::Tensor>{kernels::cuda::bias_relu_pool(x, bias, c.pooled)}; });
  const at::Tensor sum = (x.to(at::kFloat) + bias.view({1, -1, 1})).contiguous();
  Compare(title, got[0], kernels::reference::pool_relu(sum, c.pooled).to(type), 0);
}

}  // namespace

void SampleCnnCases() {
  const Case shapes[] = {{1, 1, 3, true, false},   {2, 5, 29, true, false},  {2, 5, 29, false, false},
                         {3, 128, 81, true, true}, {1, 512, 1, false, true}, {1, 4, 4, true, true},
                         {4, 7, 243, true, false}, {0, 7, 9, true, false},   {2, 65, 27, false, true}};
  for (const Case& shape : shapes)
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
      for (const bool odd : {false, true}) BiasReluPoolCase(shape, type, odd);
}

}  // namespace clmr::test
