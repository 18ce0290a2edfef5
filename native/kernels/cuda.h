#pragma once
// The kernels for CUDA. They lie in a library of their own, libclmr_cuda (the folders cuda/ of the ops),
// which is opened where libtorch has CUDA and hands over this table. On a device without them the reference
// runs, by libtorch's own kernels.
#include <ATen/core/Tensor.h>
#include <torch/version.h>

#include <array>

namespace clmr {
struct ConvBlock;
}

namespace clmr::kernels {

// Both sides say what they were compiled for; a new function in the table is a new number.
inline constexpr char kCudaBuild[] = "3 " TORCH_VERSION;

struct CudaKernels {
  const char* build;  // kCudaBuild of the plug-in, compared before anything else is read
  // x [N, C, T] as a convolution leaves it, bias [C] → the maximum of every three of ReLU(x + bias):
  // [N, C, T / 3]; where not `pooled`, ReLU(x + bias) [N, C, T]. One pass over x instead of three.
  at::Tensor (*bias_relu_pool)(const at::Tensor& x, const at::Tensor& bias, bool pooled);
  // z [N, D] float32, temperature a scalar, of any device → loss, ∂/∂z, ∂/∂τ as kernels/nt_xent/nt_xent.h
  // defines them, on the device of z; the last two undefined unless `differentiate`. Memory grows as N·D.
  // Waits for nothing where the temperature is on the device of z, or on the CPU.
  std::array<at::Tensor, 3> (*nt_xent)(const at::Tensor& z, int64_t views, const at::Tensor& temperature,
                                       bool differentiate);
  // The block of a convolution while it trains: y [N, C, T] float32 or bfloat16, what its convolution leaves
  // without its bias, of either layout, channels last or not → out = max-pool(ReLU(batch norm(y))), [N, C, T
  // / 3], or [N, C, T] where the block does not pool; what won each window, for the way back; mean and biased
  // variance [C] of y. Its other tensors are float32; the running statistics move, those of y and the bias.
  std::array<at::Tensor, 4> (*norm_relu_pool)(const at::Tensor& y, const ConvBlock& block);
  // upstream: of out; kept: the last three that norm_relu_pool returned → ∂/∂y, ∂/∂gamma, ∂/∂beta
  std::array<at::Tensor, 3> (*norm_relu_pool_backward)(const at::Tensor& upstream, const at::Tensor& y,
                                                       const ConvBlock& block,
                                                       const std::array<at::Tensor, 3>& kept);
  // source float32 of any shape, read as it lies; numbers [kPointwiseNumbers, R] float64 (what they are:
  // kernels/augment/pointwise_numbers.h), on its device → [R, samples]: crop, polarity, noise, gain, delay
  // and reversal in one launch, as the loops of kernels/augment/augment.h.
  at::Tensor (*pointwise)(const at::Tensor& source, const at::Tensor& numbers, int64_t samples);
  // x [R, T] float32, numbers of rows float64, beside it → [R, T], as the loops of kernels/augment/augment.h
  // one row at a time. cutoffs, high_pass [R]; lowest_cutoff: the least of them, on the host
  at::Tensor (*sinc_filter)(const at::Tensor& x, const at::Tensor& cutoffs, const at::Tensor& high_pass,
                            double lowest_cutoff);
  // numbers [26, R]: feedback, damping, delays of the combs [2, 8] and of the all-passes [2, 4]
  at::Tensor (*reverb)(const at::Tensor& x, const at::Tensor& numbers, double sample_rate);
  // factors [R]; least_factor: the least of them, on the host: 0.5, up an octave, or more
  at::Tensor (*pitch_shift)(const at::Tensor& x, const at::Tensor& factors, double sample_rate,
                            double least_factor);
};

// Throws ERR_ADDON where the table is that of another build.
void UseCuda(const CudaKernels* table);

// Null where no plug-in was opened.
const CudaKernels* Cuda();

// Those that serve x: null on the CPU, without a plug-in, and where the plain versions are asked for.
const CudaKernels* CudaFor(const at::Tensor& x);

}  // namespace clmr::kernels
