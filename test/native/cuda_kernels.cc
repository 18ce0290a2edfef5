// npm run check:cuda: the kernels for CUDA on the host, without a GPU, against the plain ones over ATen.
// Each CUDA thread runs to its end before the next begins: that finds wrong indices, roundings and limits,
// not races. No barrier and no shuffle is defined here, so a kernel that needs one does not compile
// until this is extended.
#include <ATen/ATen.h>

#include <cstdio>

#define __global__
#define __host__
#define __device__

namespace {
struct Index {
  unsigned x;
};
Index gridDim, blockDim, blockIdx, threadIdx;
}  // namespace

#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.cuh"
#include "kernels/sample_cnn/reference.h"

namespace {

namespace cuda = clmr::kernels::cuda;
using clmr::kernels::reference::pool_relu;

template <typename Kernel>
void Launch(unsigned blocks, unsigned threads, const Kernel& kernel) {
  gridDim = {blocks};
  blockDim = {threads};
  for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x)
    for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x) kernel();
}

struct Case {
  int64_t n, channels, samples;
  bool pooled;
  unsigned blocks, threads;
};

// One more than is written, to see that nothing is written behind the end.
template <typename Number>
at::Tensor Simulate(const at::Tensor& x, const at::Tensor& bias, const Case& c) {
  const int64_t pool = c.pooled ? 3 : 1, outputs = c.samples / pool;
  at::Tensor out = at::full({c.n * c.channels * outputs + 1}, 7, x.options());
  auto* to = reinterpret_cast<Number*>(out.mutable_data_ptr());
  const auto* from = reinterpret_cast<const Number*>(x.const_data_ptr());
  const cuda::PoolShape shape{c.n * c.channels, c.channels, c.samples, pool};
  Launch(c.blocks, c.threads, [&] { cuda::BiasReluPool(to, from, bias.const_data_ptr<float>(), shape); });
  if (out[-1].item<float>() != 7) std::printf("written behind the end\n"), std::exit(1);
  return out.slice(0, 0, -1).view({c.n, c.channels, outputs});
}

// The oracle: ATen's bias, ReLU and pooling in float32, rounded once.
at::Tensor Expected(const at::Tensor& x, const at::Tensor& bias, const Case& c) {
  return pool_relu(x.to(at::kFloat) + bias.view({1, -1, 1}), c.pooled).to(x.scalar_type());
}

bool Equal(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && at::allclose(a.to(at::kFloat), b.to(at::kFloat), 0, 0, /*equal_nan=*/true);
}

}  // namespace

int main() {
  at::manual_seed(1);
  const Case cases[] = {{1, 1, 3, true, 1, 1},       {2, 5, 29, true, 3, 32},      {2, 5, 29, false, 3, 32},
                        {3, 128, 81, true, 40, 256}, {1, 512, 1, false, 2, 256},   {1, 4, 4, true, 1, 32},
                        {4, 7, 243, true, 1, 1},     {4, 7, 243, false, 200, 256}, {0, 7, 9, true, 1, 32},
                        {2, 256, 2187, true, 7, 96}};
  int failed = 0, checked = 0;
  for (const Case& c : cases)
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
      for (const bool odd : {false, true}) {
        at::Tensor x = at::randn({c.n, c.channels, c.samples}).to(type);
        if (odd && x.numel() > 2) {
          x.flatten()[x.numel() / 2] = NAN;
          x.flatten()[0] = -INFINITY;
          x.flatten()[1] = INFINITY;
        }
        const at::Tensor bias = at::randn({c.channels});
        const at::Tensor got =
            type == at::kFloat ? Simulate<float>(x, bias, c) : Simulate<cuda::BFloat16>(x, bias, c);
        ++checked;
        if (Equal(got, Expected(x, bias, c))) continue;
        ++failed;
        std::printf("bias_relu_pool differs: [%ld, %ld, %ld] %s pooled %d\n", c.n, c.channels, c.samples,
                    at::toString(type), c.pooled);
      }
  std::printf("CUDA kernels on the host: bias_relu_pool equals the plain one in %d of %d cases\n",
              checked - failed, checked);
  return failed == 0 ? 0 : 1;
}
