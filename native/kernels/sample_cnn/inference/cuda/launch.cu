#include "kernels/sample_cnn/inference/cuda/launch.h"

#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.cuh"

namespace clmr::kernels::cuda {
namespace {

constexpr int64_t kThreads = 256;
constexpr int64_t kMostBlocks = 65535;

template <typename Number>
void Launch(Number* out, const Number* in, const float* bias, const PoolShape& shape, cudaStream_t stream) {
  const int64_t outputs = shape.rows * (shape.samples / shape.pool);
  if (outputs == 0) return;
  const int64_t wanted = (outputs + kThreads - 1) / kThreads;
  const auto blocks = static_cast<unsigned>(wanted < kMostBlocks ? wanted : kMostBlocks);
  BiasReluPool<<<blocks, kThreads, 0, stream>>>(out, in, bias, shape);
}

}  // namespace

void LaunchBiasReluPool(float* out, const float* in, const float* bias, int64_t rows, int64_t channels,
                        int64_t samples, int64_t pool, cudaStream_t stream) {
  Launch(out, in, bias, {rows, channels, samples, pool}, stream);
}

void LaunchBiasReluPool(uint16_t* out, const uint16_t* in, const float* bias, int64_t rows, int64_t channels,
                        int64_t samples, int64_t pool, cudaStream_t stream) {
  Launch(reinterpret_cast<BFloat16*>(out), reinterpret_cast<const BFloat16*>(in), bias,
         {rows, channels, samples, pool}, stream);
}

}  // namespace clmr::kernels::cuda
