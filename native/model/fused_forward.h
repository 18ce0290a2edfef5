#pragma once
// SampleCNN in eval mode as one fused pass: every convolution by Winograd F(6,3) through small GEMMs, batch norm folded
// in, bias, ReLU and max-pool in registers, the first convolution computed inside the second block's input transform.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "error.h"

namespace clmr {

// A convolution with its batch norm folded in.
struct FoldedLayer {
  at::Tensor weight, bias;  // [Cout, Cin, 3], [Cout], float32 or float64 on the CPU
};

class FusedForward {
 public:
  // The 11 layers of SampleCNN; packs their transformed weights once.
  explicit FusedForward(const std::vector<FoldedLayer>& layers);
  ~FusedForward();

  // clips[i] points to kClipLength samples, read in place → out [n, 512]. Uses up to `threads` threads: whole clips on
  // each, and for what is left over, a clip on all of them. The bits of a clip depend on nothing but the clip. Looks at
  // `abort` between layers.
  void Run(const float* const* clips, int64_t n, float* out, int64_t threads, const AbortFlag& abort) const;

  int64_t Bytes() const;

  struct Packed;

 private:
  std::unique_ptr<const Packed> packed_;
};

}  // namespace clmr
