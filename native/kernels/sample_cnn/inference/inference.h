#pragma once
// SampleCNN in eval mode, from clips to embeddings: one operation, whatever the device,
// the CPU and the precision.
#include <c10/core/Device.h>

#include <memory>
#include <vector>

#include "error.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels {

// A convolution with its batch norm folded in: weight [Cout, Cin, K], bias [Cout], float64 on the CPU.
struct FoldedLayer {
  at::Tensor weight, bias;
  int64_t stride, padding, pool;
};

// The network as inference takes it: its layers, and the samples of a clip.
struct FoldedNetwork {
  std::vector<FoldedLayer> layers;
  int64_t clip_length;

  int64_t EmbeddingSize() const { return layers.back().weight.size(0); }
};

class Inference {
 public:
  virtual ~Inference() = default;

  // clips[i] points to the samples of a clip, read in place → out [n, E] on the CPU. Works on up to `threads`
  // threads and looks at `abort` between layers. The bits of an embedding depend on nothing but its clip, and
  // NaN or infinity in one clip reaches no other.
  virtual void Run(const float* const* clips, int64_t n, float* out, int64_t threads,
                   const AbortFlag& abort) const = 0;

  virtual int64_t Bytes() const = 0;
};

// Whether MakeInference runs these blocks fused: CLMR's, on the CPU, and the plain version is not asked for.
bool FusedInferenceServes(const std::vector<ConvBlock>& blocks, int64_t clip_length, c10::Device device);

// The network, ready to run: fused where FusedInferenceServes, else layer by layer. bfloat16 is allowed, not
// insisted on: float32 runs where bfloat16 would not be faster.
std::unique_ptr<const Inference> MakeInference(const FoldedNetwork& network, c10::Device device,
                                               Precision precision);

// Whether `half`, made with Precision::bfloat16 of this network, gives embeddings close to those of float32.
bool Bfloat16IsClose(const Inference& half, const FoldedNetwork& network, c10::Device device);

}  // namespace clmr::kernels
