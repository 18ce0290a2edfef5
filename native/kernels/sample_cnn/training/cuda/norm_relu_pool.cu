#include "kernels/sample_cnn/training/cuda/norm_relu_pool.cuh"

namespace clmr::kernels::cuda {
namespace {

constexpr int kLane = 32;  // channels of a block where they lie next to each other
constexpr int64_t kWindowsOfThread = 16;

template <int kChannels, typename Number>
struct NormLaunches {
  const NormPass& pass;
  CUstream_st* stream;
  const unsigned channels = static_cast<unsigned>(pass.shape.channels);
  const int64_t parts = NormParts(pass.shape);
  const dim3 grid{(channels + kChannels - 1) / kChannels, static_cast<unsigned>(parts)};

  void Forward(const RunningStatistics& running, void* out) {
    Launch(NormStatistics<kChannels, Number>, grid, kNormThreads, stream, pass);
    Launch(NormMoments<Number>, channels, kNormThreads, stream, pass, parts, running);
    Launch(NormApply<kChannels, Number>, grid, kNormThreads, stream, pass, static_cast<Number*>(out));
  }
  void Backward(const NormGradients& gradients) {
    Launch(NormGradientSums<kChannels, Number>, grid, kNormThreads, stream, pass,
           static_cast<const Number*>(gradients.upstream));
    Launch(NormJoinGradients, channels, kNormThreads, stream, pass, parts, gradients);
    Launch(NormBackward<kChannels, Number>, grid, kNormThreads, stream, pass, gradients);
  }
};

template <class F>
void As(const NormPass& pass, CUstream_st* stream, F f) {
  if (pass.shape.channels_last)
    pass.half ? f(NormLaunches<kLane, BFloat16>{pass, stream}) : f(NormLaunches<kLane, float>{pass, stream});
  else
    pass.half ? f(NormLaunches<1, BFloat16>{pass, stream}) : f(NormLaunches<1, float>{pass, stream});
}

}  // namespace

int64_t NormParts(const PoolShape& shape) {
  const int64_t rows = kNormThreads / (shape.channels_last ? kLane : 1);
  const int64_t windows = shape.examples * WindowsOf(shape), of_block = rows * kWindowsOfThread;
  const int64_t parts = (windows + of_block - 1) / of_block;
  return parts < 65535 ? parts : 65535;
}

void LaunchNormReluPool(const NormPass& pass, const RunningStatistics& running, void* out,
                        CUstream_st* stream) {
  As(pass, stream, [&](auto launches) { launches.Forward(running, out); });
}

void LaunchNormReluPoolBackward(const NormPass& pass, const NormGradients& gradients, CUstream_st* stream) {
  As(pass, stream, [&](auto launches) { launches.Backward(gradients); });
}

}  // namespace clmr::kernels::cuda
