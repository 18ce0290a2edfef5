// Runs kernels on the first CUDA device: what goes in is copied there, what comes out is copied back.
#include <ATen/ATen.h>

#include "../../tried_device.h"
#include "../cases.h"
#include "bindings/cuda/table.h"
#include "device/device.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::test {
namespace {

constexpr int kRuns = 3;

at::Tensor There(const at::Tensor& x) { return x.to(c10::Device(c10::kCUDA, 0)); }
at::Tensor Here(const at::Tensor& x) { return x.defined() ? x.to(at::kCPU) : x; }

ConvBlock There(const ConvBlock& block) {
  ConvBlock there = block;
  for (at::Tensor* x : {&there.bias, &there.gamma, &there.beta, &there.running_mean, &there.running_var})
    *x = There(*x);
  return there;
}

template <size_t N>
std::array<at::Tensor, N> Here(const std::array<at::Tensor, N>& all) {
  std::array<at::Tensor, N> here;
  for (size_t i = 0; i < N; ++i) here[i] = Here(all[i]);
  return here;
}

const kernels::CudaKernels kOnDevice{
    kernels::kCudaBuild,
    [](const at::Tensor& x, const at::Tensor& bias, bool pooled) {
      return Here(kernels::CudaTable().bias_relu_pool(There(x), There(bias), pooled));
    },
    [](const at::Tensor& z, int64_t views, const at::Tensor& temperature, bool differentiate) {
      return Here(kernels::CudaTable().nt_xent(There(z), views, There(temperature), differentiate));
    },
    [](const at::Tensor& y, const ConvBlock& block) {
      const ConvBlock there = There(block);
      const auto results = Here(kernels::CudaTable().norm_relu_pool(There(y), there));
      block.running_mean.copy_(there.running_mean);
      block.running_var.copy_(there.running_var);
      return results;
    },
    [](const at::Tensor& upstream, const at::Tensor& y, const ConvBlock& block,
       const std::array<at::Tensor, 3>& kept) {
      return Here(kernels::CudaTable().norm_relu_pool_backward(
          There(upstream), There(y), There(block), {There(kept[0]), There(kept[1]), There(kept[2])}));
    },
    [](const at::Tensor& source, const at::Tensor& numbers, int64_t samples) {
      return Here(kernels::CudaTable().pointwise(There(source), There(numbers), samples));
    },
    [](const at::Tensor& x, const at::Tensor& cutoffs, const at::Tensor& high_pass, double lowest_cutoff) {
      return Here(
          kernels::CudaTable().sinc_filter(There(x), There(cutoffs), There(high_pass), lowest_cutoff));
    },
    [](const at::Tensor& x, const at::Tensor& numbers, double sample_rate) {
      return Here(kernels::CudaTable().reverb(There(x), There(numbers), sample_rate));
    },
    [](const at::Tensor& x, const at::Tensor& factors, double sample_rate, double least_factor) {
      return Here(kernels::CudaTable().pitch_shift(There(x), There(factors), sample_rate, least_factor));
    }};

void DeviceCases() {
  Check("libtorch sees a device", CudaDevices() > 0);
  Check("a tensor goes there and comes back", at::equal(Here(There(at::arange(1000))), at::arange(1000)));
}

}  // namespace

const char* const kPlace = "on a device";
const Part kPlacePart{"the device", DeviceCases};
const kernels::CudaKernels& Kernels() { return kOnDevice; }
void OpenPlace() { OpenTriedDevice(); }

std::vector<at::Tensor> Play(const std::string& title,
                             const std::function<std::vector<at::Tensor>()>& kernel) {
  const std::vector<at::Tensor> first = kernel();
  for (int run = 1; run < kRuns; ++run) {
    const std::vector<at::Tensor> again = kernel();
    for (size_t i = 0; i < again.size(); ++i)
      if (again[i].defined() && again[i].dim() > 0)
        Check(title + ": the bits differ from run to run", SameBits(again[i], first[i]));
  }
  return first;
}

}  // namespace clmr::test
