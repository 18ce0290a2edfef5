// FusedForward in bfloat16 with float32 sums: direct convolution, one GEMM over overlapping rows.
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "kernels/sample_cnn/inference/bfloat16_gemm.h"
#include "kernels/sample_cnn/inference/direct.h"
#include "kernels/sample_cnn/inference/fused_forward.h"
#include "kernels/sample_cnn/inference/scratch.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr {
namespace {

using kernels::ChooseBfloat16;
using kernels::PackPairs;

constexpr int64_t kBlock = kernels::kPairColumns;  // output channels of one GEMM
constexpr int64_t kWindows = 32;                   // pooled steps of one GEMM in the early layers: 96 rows
constexpr int64_t kTaps = 3;

struct Workspace {
  Scratch<uint16_t> first_rows, even, odd, group_even, group_odd;
  Scratch<float> sums;
};

Workspace& ThreadWorkspace() {
  thread_local Workspace workspace;
  return workspace;
}

class Bfloat16Forward final : public FusedForward {
 public:
  explicit Bfloat16Forward(const std::vector<FoldedLayer>& folded);
  int64_t Bytes() const override;

 protected:
  void RunGroup(const float* const* clips, int64_t n, float* out, const AbortFlag& abort) const override;
  void RunSplit(const float* clip, float* out, int64_t threads, const AbortFlag& abort) const override;

 private:
  struct Layer {
    int64_t in, out;    // channels
    at::Tensor weight;  // [out / kBlock, 3·in, kBlock], in pairs of rows
    at::Tensor bias;    // [out] float32
    int64_t depth() const { return kTaps * in; }
    const uint16_t* block(int64_t b) const {
      return static_cast<const uint16_t*>(weight.const_data_ptr()) + b * depth() * kBlock;
    }
  };

  static Layer Pack(const at::Tensor& weight, const at::Tensor& bias);
  void RunEarly(int64_t j, const float* waveform, const uint16_t* in, uint16_t* pooled, int64_t steps,
                int64_t first, int64_t last, int64_t first_block, int64_t last_block) const;
  void RunMerged(const Layer& layer, const uint16_t* in, uint16_t* pooled, int64_t steps, int64_t n,
                 int64_t first_block, int64_t last_block) const;
  void RunLast(const uint16_t* rows, int64_t stride, int64_t n, float* out) const;

  at::Tensor first_weight_, first_bias_;  // [3, 128], [128] float32
  std::vector<Layer> layers_;             // kPooledLayers
  at::Tensor last_weight_, last_bias_;  // [512 / kBlock, 512, kBlock] in pairs of rows: the middle tap; [512]
};

Bfloat16Forward::Layer Bfloat16Forward::Pack(const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor w = weight.to(at::kFloat).contiguous();  // [out, in, 3]
  const int64_t out = w.size(0), in = w.size(1);
  Layer layer{in, out, at::empty({out / kBlock, kTaps * in, kBlock}, at::kBFloat16),
              bias.to(at::kFloat).contiguous()};
  const float* values = w.const_data_ptr<float>();
  auto* packed = static_cast<uint16_t*>(layer.weight.mutable_data_ptr());
  for (int64_t b = 0; b < out / kBlock; ++b)
    PackPairs(kTaps * in, packed + b * kTaps * in * kBlock, [&](int64_t k, int64_t n) {
      return values[((b * kBlock + n) * in + k % in) * kTaps + k / in];
    });
  return layer;
}

Bfloat16Forward::Bfloat16Forward(const std::vector<FoldedLayer>& folded) {
  TORCH_CHECK(folded.size() == kPooledLayers + 2, "SampleCNN has 11 layers");
  first_weight_ = folded[0].weight.to(at::kFloat).squeeze(1).t().contiguous();
  first_bias_ = folded[0].bias.to(at::kFloat).contiguous();
  for (int64_t j = 1; j <= kPooledLayers; ++j) layers_.push_back(Pack(folded[j].weight, folded[j].bias));
  const at::Tensor middle = folded.back().weight.to(at::kFloat).select(2, 1).contiguous();  // [out, in]
  const float* values = middle.const_data_ptr<float>();
  constexpr int64_t size = kEmbeddingSize;
  last_weight_ = at::empty({size / kBlock, size, kBlock}, at::kBFloat16);
  auto* packed = static_cast<uint16_t*>(last_weight_.mutable_data_ptr());
  for (int64_t b = 0; b < size / kBlock; ++b)
    PackPairs(size, packed + b * size * kBlock,
              [&](int64_t k, int64_t n) { return values[(b * kBlock + n) * size + k]; });
  last_bias_ = folded.back().bias.to(at::kFloat).contiguous();
}

int64_t Bfloat16Forward::Bytes() const {
  int64_t bytes = first_weight_.nbytes() + last_weight_.nbytes();
  for (const Layer& layer : layers_) bytes += layer.weight.nbytes() + layer.bias.nbytes();
  return bytes;
}

// Windows first … last of pooled layer j of one clip. in: padded rows, or with j = 0 computed from the
// waveform.
void Bfloat16Forward::RunEarly(int64_t j, const float* waveform, const uint16_t* in, uint16_t* pooled,
                               int64_t steps, int64_t first, int64_t last, int64_t first_block,
                               int64_t last_block) const {
  const auto& k = ChooseBfloat16();
  const Layer& layer = layers_[j];
  Workspace& w = ThreadWorkspace();
  float* sums = w.sums.Get(kTaps * kWindows * kBlock);
  for (int64_t begin = first; begin < last; begin += kWindows) {
    const int64_t windows = std::min(kWindows, last - begin), rows = 3 * windows;
    const uint16_t* a = in + 3 * begin * layer.in;
    if (j == 0) {
      uint16_t* target = w.first_rows.Get((3 * kWindows + 2) * layer.in);
      k.first_layer(waveform, first_weight_.const_data_ptr<float>(), first_bias_.const_data_ptr<float>(),
                    3 * begin - 1, rows + 2, steps, layer.in, target);
      a = target;
    }
    for (int64_t b = first_block; b < last_block; ++b) {
      Bfloat16Gemm(rows, layer.depth(), a, layer.in, layer.block(b), sums);
      k.pool(sums, windows, kBlock, layer.bias.const_data_ptr<float>() + b * kBlock,
             pooled + (1 + begin) * layer.out + b * kBlock, layer.out);
    }
  }
}

// n clips of padded rows, one after the other: one GEMM over all of them, the two rows between clips for
// nothing.
void Bfloat16Forward::RunMerged(const Layer& layer, const uint16_t* in, uint16_t* pooled, int64_t steps,
                                int64_t n, int64_t first_block, int64_t last_block) const {
  const int64_t rows = n * (steps + 2) - 2, windows = steps / 3;
  float* sums = ThreadWorkspace().sums.Get(rows * kBlock);
  for (int64_t b = first_block; b < last_block; ++b) {
    Bfloat16Gemm(rows, layer.depth(), in, layer.in, layer.block(b), sums);
    for (int64_t i = 0; i < n; ++i)
      ChooseBfloat16().pool(sums + i * (steps + 2) * kBlock, windows, kBlock,
                            layer.bias.const_data_ptr<float>() + b * kBlock,
                            pooled + (i * (windows + 2) + 1) * layer.out + b * kBlock, layer.out);
  }
}

// rows [n, 512], `stride` apart → out [n, 512] float32
void Bfloat16Forward::RunLast(const uint16_t* rows, int64_t stride, int64_t n, float* out) const {
  constexpr int64_t size = kEmbeddingSize;
  float* sums = ThreadWorkspace().sums.Get(n * kBlock);
  const auto* weight = static_cast<const uint16_t*>(last_weight_.const_data_ptr());
  const float* bias = last_bias_.const_data_ptr<float>();
  for (int64_t b = 0; b < size / kBlock; ++b) {
    Bfloat16Gemm(n, size, rows, stride, weight + b * size * kBlock, sums);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t c = 0; c < kBlock; ++c) {
        const float y = sums[i * kBlock + c] + bias[b * kBlock + c];
        out[i * size + b * kBlock + c] = y < 0 ? 0 : y;
      }
  }
}

void Bfloat16Forward::RunGroup(const float* const* clips, int64_t n, float* out,
                               const AbortFlag& abort) const {
  Bfloat16GemmUse use;
  Workspace& w = ThreadWorkspace();
  int64_t steps = kFirstSteps;
  for (int64_t j = 0; j < kMergedFrom; ++j) steps /= 3;
  const int64_t merged_size = (steps + 2) * layers_[kMergedFrom].in;
  uint16_t* in = w.group_even.Get(kGroup * merged_size);
  for (int64_t i = 0; i < n; ++i) {
    const uint16_t* rows = nullptr;
    int64_t length = kFirstSteps;
    for (int64_t j = 0; j < kMergedFrom; ++j) {
      throw_if_aborted(abort);
      const Layer& layer = layers_[j];
      const int64_t windows = length / 3;
      Scratch<uint16_t>& scratch = j % 2 == 0 ? w.even : w.odd;
      uint16_t* pooled = j == kMergedFrom - 1 ? in + i * merged_size : scratch.Get((windows + 2) * layer.out);
      ClearBorders(pooled, windows, layer.out);
      RunEarly(j, clips[i], rows, pooled, length, 0, windows, 0, layer.out / kBlock);
      rows = pooled;
      length = windows;
    }
  }
  int64_t stride = 0;
  for (int64_t j = kMergedFrom; j < kPooledLayers; ++j) {
    throw_if_aborted(abort);
    const Layer& layer = layers_[j];
    stride = (steps / 3 + 2) * layer.out;
    uint16_t* pooled = ((j - kMergedFrom) % 2 == 0 ? w.group_odd : w.group_even).Get(kGroup * merged_size);
    for (int64_t i = 0; i < n; ++i) ClearBorders(pooled + i * stride, steps / 3, layer.out);
    RunMerged(layer, in, pooled, steps, n, 0, layer.out / kBlock);
    in = pooled;
    steps /= 3;
  }
  RunLast(in + kEmbeddingSize, stride, n, out);
}

void Bfloat16Forward::RunSplit(const float* clip, float* out, int64_t threads, const AbortFlag& abort) const {
  Workspace& w = ThreadWorkspace();
  const uint16_t* in = nullptr;
  int64_t steps = kFirstSteps;
  for (int64_t j = 0; j < kPooledLayers; ++j) {
    throw_if_aborted(abort);
    const Layer& layer = layers_[j];
    const int64_t windows = steps / 3, blocks = layer.out / kBlock;
    uint16_t* pooled = (j % 2 == 0 ? w.even : w.odd).Get((windows + 2) * layer.out);
    ClearBorders(pooled, windows, layer.out);
    const bool by_windows = j == 0 || windows >= 8 * threads;  // only RunEarly computes the first layer
    Share(by_windows ? windows : blocks, threads, [&](int64_t first, int64_t last) {
      Bfloat16GemmUse use;
      if (by_windows)
        RunEarly(j, clip, in, pooled, steps, first, last, 0, blocks);
      else
        RunMerged(layer, in, pooled, steps, 1, first, last);
    });
    in = pooled;
    steps = windows;
  }
  Bfloat16GemmUse use;
  RunLast(in + kEmbeddingSize, 3 * kEmbeddingSize, 1, out);
}

}  // namespace

std::unique_ptr<const FusedForward> MakeBfloat16Forward(const std::vector<FoldedLayer>& layers) {
  if (!Bfloat16GemmIsRight()) return nullptr;
  return std::make_unique<Bfloat16Forward>(layers);
}

}  // namespace clmr
