#pragma once
// SampleCNN in eval mode as one fused pass over the CPU: batch norm folded in, the first convolution computed
// inside the second block, bias, ReLU and max-pool in registers; nothing that is not pooled is ever stored.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "error.h"

namespace clmr {

// A convolution with its batch norm folded in.
struct FoldedLayer {
  at::Tensor weight, bias;  // [Cout, Cin, 3], [Cout] on the CPU
};

class FusedForward {
 public:
  virtual ~FusedForward() = default;

  // clips[i] points to kClipLength samples, read in place → out [n, 512]. Up to `threads` threads: whole
  // clips on each, and for what is left over, a clip on all of them. The bits of a clip depend on nothing but
  // the clip. Looks at `abort` between layers.
  void Run(const float* const* clips, int64_t n, float* out, int64_t threads, const AbortFlag& abort) const;

  virtual int64_t Bytes() const = 0;

 protected:
  static constexpr int64_t kGroup = 8;  // clips that a thread takes through the late layers together

  // Up to kGroup clips on the calling thread.
  virtual void RunGroup(const float* const* clips, int64_t n, float* out, const AbortFlag& abort) const = 0;
  // One clip on all threads.
  virtual void RunSplit(const float* clip, float* out, int64_t threads, const AbortFlag& abort) const = 0;

  // Calls f(first, last) for `parts` shares of 0 … all, each on a thread.
  static void Share(int64_t all, int64_t parts, const std::function<void(int64_t, int64_t)>& f);
};

// Tiles of six outputs everywhere, or of nine in the long layers: some per cent faster (clmr_fused_forward
// times both), with more rounding error.
enum class WinogradTiles { six, nine };

// Winograd F(6,3) and F(9,3), winograd_forward.cc, in float32.
std::unique_ptr<const FusedForward> MakeWinogradForward(const std::vector<FoldedLayer>& layers,
                                                        WinogradTiles tiles);

// F(6,3) with products of bfloat16 and float32 sums: a relative error of about 5e-3. nullptr where this CPU
// has no dot products of pairs (AVX512-BF16).
std::unique_ptr<const FusedForward> MakeBfloat16WinogradForward(const std::vector<FoldedLayer>& layers);

// Direct convolution in bfloat16 with float32 sums, bfloat16_forward.cc. nullptr where this CPU has no
// bfloat16 GEMM.
std::unique_ptr<const FusedForward> MakeBfloat16Forward(const std::vector<FoldedLayer>& layers);

}  // namespace clmr
