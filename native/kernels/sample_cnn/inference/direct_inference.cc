// Inference in bfloat16 with sums of float32: direct convolution, one GEMM over overlapping rows.
#include "kernels/sample_cnn/inference/bfloat16_gemm.h"
#include "kernels/sample_cnn/inference/fused_inference.h"
#include "kernels/sample_cnn/inference/loops.h"
#include "kernels/sample_cnn/inference/passes.h"

namespace clmr::kernels {
namespace {

constexpr int64_t kChunk = 32;  // pooled steps of one GEMM where clips go one by one: 96 rows
constexpr int64_t kTaps = 3;

class DirectInference final : public FusedInference<Bfloat16> {
 public:
  DirectInference(const std::vector<FoldedLayer>& folded, const DirectLoops& loops);
  int64_t Bytes() const override;

 protected:
  int64_t OutChannels(int64_t layer) const override { return layers_[layer].out; }
  void RunLayer(const Work& work, int64_t threads) const override;
  void RunLast(const Bfloat16* rows, int64_t stride, int64_t n, float* out) const override;

 private:
  struct Layer {
    int64_t in, out;    // channels
    at::Tensor weight;  // [out / kPairColumns, 3·in, kPairColumns], in pairs of rows
    at::Tensor bias;    // [out] float32
    int64_t depth() const { return kTaps * in; }
    const Bfloat16* block(int64_t b) const {
      return static_cast<const Bfloat16*>(weight.const_data_ptr()) + b * depth() * kPairColumns;
    }
  };

  static Layer Pack(const at::Tensor& weight, const at::Tensor& bias);
  void RunWindows(const Work& work, int64_t first, int64_t last) const;
  void RunMerged(const Work& work, int64_t first_block, int64_t last_block) const;

  const DirectLoops& loops_;
  at::Tensor first_weight_, first_bias_;  // [3, 128], [128] float32
  std::vector<Layer> layers_;             // kPooledLayers
  at::Tensor last_weight_,
      last_bias_;  // [512 / kPairColumns, 512, kPairColumns] in pairs of rows: the middle tap; [512]
};

// Of the GEMM that is being formed, on this thread.
float* Sums(int64_t values) {
  thread_local Scratch<float> sums;
  return sums.Get(values);
}

DirectInference::Layer DirectInference::Pack(const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor w = weight.to(at::kFloat).contiguous();  // [out, in, 3]
  const int64_t out = w.size(0), in = w.size(1);
  Layer layer{in, out, at::empty({out / kPairColumns, kTaps * in, kPairColumns}, at::kBFloat16),
              bias.to(at::kFloat).contiguous()};
  const float* values = w.const_data_ptr<float>();
  auto* packed = static_cast<Bfloat16*>(layer.weight.mutable_data_ptr());
  for (int64_t b = 0; b < out / kPairColumns; ++b)
    PackPairs(kTaps * in, packed + b * kTaps * in * kPairColumns, [&](int64_t k, int64_t n) {
      return values[((b * kPairColumns + n) * in + k % in) * kTaps + k / in];
    });
  return layer;
}

DirectInference::DirectInference(const std::vector<FoldedLayer>& folded, const DirectLoops& loops)
    : loops_(loops) {
  TORCH_CHECK(folded.size() == kPooledLayers + 2, "SampleCNN has 11 layers");
  first_weight_ = folded[0].weight.to(at::kFloat).squeeze(1).t().contiguous();
  first_bias_ = folded[0].bias.to(at::kFloat).contiguous();
  for (int64_t j = 1; j <= kPooledLayers; ++j) layers_.push_back(Pack(folded[j].weight, folded[j].bias));
  const at::Tensor middle = folded.back().weight.to(at::kFloat).select(2, 1).contiguous();  // [out, in]
  const float* values = middle.const_data_ptr<float>();
  constexpr int64_t size = kEmbeddingSize;
  last_weight_ = at::empty({size / kPairColumns, size, kPairColumns}, at::kBFloat16);
  auto* packed = static_cast<Bfloat16*>(last_weight_.mutable_data_ptr());
  for (int64_t b = 0; b < size / kPairColumns; ++b)
    PackPairs(size, packed + b * size * kPairColumns,
              [&](int64_t k, int64_t n) { return values[(b * kPairColumns + n) * size + k]; });
  last_bias_ = folded.back().bias.to(at::kFloat).contiguous();
}

int64_t DirectInference::Bytes() const {
  int64_t bytes = first_weight_.nbytes() + last_weight_.nbytes();
  for (const Layer& layer : layers_) bytes += layer.weight.nbytes() + layer.bias.nbytes();
  return bytes;
}

// Pooling windows first … last of one clip, in all output channels.
void DirectInference::RunWindows(const Work& work, int64_t first, int64_t last) const {
  const Layer& layer = layers_[work.layer];
  const float* bias = layer.bias.const_data_ptr<float>();
  float* sums = Sums(kTaps * kChunk * kPairColumns);
  thread_local Scratch<Bfloat16> first_rows;
  for (int64_t begin = first; begin < last; begin += kChunk) {
    const int64_t windows = std::min(kChunk, last - begin), rows = 3 * windows;
    const Bfloat16* a = work.in + 3 * begin * layer.in;
    if (work.layer == 0) {
      Bfloat16* target = first_rows.Get((3 * kChunk + 2) * layer.in);
      loops_.first_layer(work.waveform, first_weight_.const_data_ptr<float>(),
                         first_bias_.const_data_ptr<float>(), 3 * begin - 1, rows + 2, work.steps, layer.in,
                         target);
      a = target;
    }
    for (int64_t b = 0; b < layer.out / kPairColumns; ++b) {
      Bfloat16Gemm(rows, layer.depth(), a, layer.in, layer.block(b), sums);
      loops_.pool(sums, windows, kPairColumns, bias + b * kPairColumns,
                  work.pooled + (1 + begin) * layer.out + b * kPairColumns, layer.out);
    }
  }
}

// Some blocks of output channels of all clips, by one GEMM over all rows. It computes the two rows between
// clips as well, which nobody reads.
void DirectInference::RunMerged(const Work& work, int64_t first_block, int64_t last_block) const {
  const Layer& layer = layers_[work.layer];
  const float* bias = layer.bias.const_data_ptr<float>();
  const int64_t steps = work.steps, rows = work.clips * (steps + 2) - 2, windows = steps / 3;
  float* sums = Sums(rows * kPairColumns);
  for (int64_t b = first_block; b < last_block; ++b) {
    Bfloat16Gemm(rows, layer.depth(), work.in, layer.in, layer.block(b), sums);
    for (int64_t i = 0; i < work.clips; ++i)
      loops_.pool(sums + i * (steps + 2) * kPairColumns, windows, kPairColumns, bias + b * kPairColumns,
                  work.pooled + (i * (windows + 2) + 1) * layer.out + b * kPairColumns, layer.out);
  }
}

// By windows where there are enough of them; the first layer's rows exist only there.
void DirectInference::RunLayer(const Work& work, int64_t threads) const {
  const int64_t windows = work.steps / 3, blocks = layers_[work.layer].out / kPairColumns;
  const bool by_windows = work.layer == 0 || (work.clips == 1 && windows >= 8 * threads);
  InRanges(by_windows ? windows : blocks, threads, [&](int64_t first, int64_t last) {
    Bfloat16GemmUse use;
    by_windows ? RunWindows(work, first, last) : RunMerged(work, first, last);
  });
}

void DirectInference::RunLast(const Bfloat16* rows, int64_t stride, int64_t n, float* out) const {
  constexpr int64_t size = kEmbeddingSize;
  Bfloat16GemmUse use;
  float* sums = Sums(n * kPairColumns);
  const auto* weight = static_cast<const Bfloat16*>(last_weight_.const_data_ptr());
  const float* bias = last_bias_.const_data_ptr<float>();
  for (int64_t b = 0; b < size / kPairColumns; ++b) {
    Bfloat16Gemm(n, size, rows, stride, weight + b * size * kPairColumns, sums);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t c = 0; c < kPairColumns; ++c) {
        const float y = sums[i * kPairColumns + c] + bias[b * kPairColumns + c];
        out[i * size + b * kPairColumns + c] = y < 0 ? 0 : y;
      }
  }
}

}  // namespace

std::unique_ptr<const Inference> MakeDirect(const std::vector<FoldedLayer>& layers, Isa isa) {
  if (!Bfloat16GemmIsRight()) return nullptr;
  return std::make_unique<DirectInference>(layers, kDirect[isa]);
}

}  // namespace clmr::kernels
