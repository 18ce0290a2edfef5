#pragma once
// SampleCNN's blocks 0 to 9 in training mode on the CPU, forward and backward: Winograd F(6,3) for the
// convolutions, the gradients of their inputs and those of their weights. The output of the first block is
// never stored. Of each other block a pass keeps the output of its convolution and the pooled maxima, 22 MB a
// clip, or half of that as bfloat16.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "error.h"
#include "kernels/sample_cnn/sample_cnn.h"
#include "kernels/sample_cnn/training/loops.h"
#include "kernels/sample_cnn/training/training.h"

namespace clmr::kernels {

class TrainingPass : public torch::CustomClassHolder {
 public:
  // blocks: SampleCNN's; clips [N, 59049] float32, contiguous. Both are read in place, and so is `abort`:
  // once it is set, forward and backward throw ABORT. precision, of activations: float32, or bfloat16 for
  // half the memory. With bfloat16 the backward pass also forms its products of bfloat16, where this CPU has
  // instructions for that. The forward pass forms them of float32 always: F(6,3) magnifies rounding errors,
  // and the clips of a batch differ so little that the gradients would lie further from those of float32 than
  // torch.autocast's do. Sums, statistics and the gradients of weights are float32 or wider either way.
  TrainingPass(const std::vector<ConvBlock>& blocks, at::Tensor clips, const AbortFlag& abort,
               Precision precision);

  // → [N, 512, 1]. The bits depend on nothing but the input.
  at::Tensor Forward();

  // gradient [N, 512, 1] → the gradients of weight, bias, γ and β of each block. It can be called once: it
  // overwrites what the forward pass kept.
  std::vector<at::Tensor> Backward(const at::Tensor& gradient);

  // Batch statistics of block i's convolution without its bias, float64 [C]; the variance is the biased one.
  at::Tensor Mean(int64_t i) const { return norms_[i].sign * norms_[i].mean; }
  at::Tensor Variance(int64_t i) const { return norms_[i].variance; }
  // Over how many values of a channel they were taken.
  int64_t Count(int64_t i) const { return clips_.size(0) * (i == 0 ? layers_[1].steps : layers_[i].steps); }

 private:
  friend struct TrainingDecisions;  // test/native/training_gradients.cc

  // A block's batch norm. In the blocks that pool, weights and values carry the sign of γ,
  // and |γ| stands for γ.
  struct Norm {
    at::Tensor sign, mean, variance, inverse_std;  // float64
    // float32: mean, z = scale·y + shift; NormalizationGradient's
    at::Tensor center, scale, shift, slope, offset;
    Normalization Forward() const;
    NormalizationGradient Backward() const;
  };
  struct Layer {  // block 1 to 9
    int64_t in = 0, out = 0, steps = 0;
    at::Tensor points;       // [out / 64, 8, in, 64]: G·w
    at::Tensor back_points;  // [in / 64, 8, out, 64]: G·(w flipped and transposed)
    at::Tensor y, pooled;    // [N, steps, out], [N, steps / 3, out], as `kept_` says
  };
  // A run of clips that one thread takes through a layer. There are more parts than threads, so that no
  // thread waits for a slow one. Their number depends on the layer and on N alone, and so do the bits.
  struct Part {
    int64_t first, last;
  };
  // The memory that one part works in.
  struct Workspace {
    at::Tensor products_in, products_out, gradient, input, carry, weight_sums, chunk_sums;
  };

  int64_t PartsOf(int64_t i) const;
  Part PartOf(int64_t i, int64_t p) const;
  void EachJob(int64_t n, const std::function<void(int64_t)>& f) const;
  void PackWeights();
  void NormalizeFirst();
  template <class P>
  void ForwardPart(int64_t i, int64_t p, double* sums, float* pivot);
  void Normalize(int64_t i, const at::Tensor& sums, const at::Tensor& pivots);
  void SetNorm(int64_t i, const at::Tensor& mean, const at::Tensor& variance);
  void TakeFirstWhereFlat(int64_t i);
  template <class P>
  void InputTransform(int64_t i, int64_t clip, TileRange range, Planes<typename P::Factor> to) const;

  at::Tensor MaskTop(const at::Tensor& gradient);
  void SetSlope(int64_t i, const at::Tensor& sums);
  template <class P>
  void BackwardPart(int64_t i, int64_t p, double* sums);
  template <class P>
  void DataGradient(int64_t i, Part part, Workspace& work, int64_t begin, int64_t rows, double* sums);
  template <class P>
  const typename P::Stored* PooledGradient(int64_t i, int64_t clip) const;
  template <class P>
  Ahead Next(int64_t i, Part part, int64_t begin, int64_t rows, int64_t point) const;
  at::Tensor WeightGradient(int64_t i) const;
  std::vector<at::Tensor> FirstGradients(const at::Tensor& sums) const;

  std::vector<ConvBlock> blocks_;
  at::Tensor clips_;
  const AbortFlag& abort_;
  const Isa isa_;
  const at::ScalarType kept_, factors_;  // factors: of the backward pass
  int64_t threads_;
  std::vector<Norm> norms_;    // kTrainingBlocks
  std::vector<Layer> layers_;  // kTrainingBlocks, the first one empty
  std::vector<Workspace> workspaces_;
  WaveformMoments moments_;        // means
  at::Tensor first_weight_;        // [3, 128], norms_[0] folded in
  at::Tensor top_, top_gradient_;  // [N, 512]: the output, and its gradient where ReLU was active, kept as y
  bool done_ = false;
};

}  // namespace clmr::kernels
