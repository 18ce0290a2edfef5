#include "kernels/sample_cnn/inference/cuda/bias_relu_pool.cuh"

#include "kernels/sample_cnn/inference/cuda/launch.h"

namespace clmr::kernels::cuda {
namespace {

template <typename Number>
void LaunchAs(Number* out, const Number* in, const float* bias, const PoolShape& shape, CUstream_st* stream) {
  constexpr int64_t kThreads = 256, kMostBlocks = 65535;
  const int64_t wanted = (shape.outputs() + kThreads - 1) / kThreads;
  if (wanted == 0) return;
  const auto blocks = static_cast<unsigned>(wanted < kMostBlocks ? wanted : kMostBlocks);
  Launch(BiasReluPool<Number>, blocks, kThreads, stream, out, in, bias, shape);
}

}  // namespace

void LaunchBiasReluPool(float* out, const float* in, const float* bias, const PoolShape& shape,
                        CUstream_st* stream) {
  LaunchAs(out, in, bias, shape, stream);
}

void LaunchBiasReluPool(uint16_t* out, const uint16_t* in, const float* bias, const PoolShape& shape,
                        CUstream_st* stream) {
  LaunchAs(reinterpret_cast<BFloat16*>(out), reinterpret_cast<const BFloat16*>(in), bias, shape, stream);
}

}  // namespace clmr::kernels::cuda
