// FusedForward by Winograd F(9,3) and F(6,3) through small GEMMs, in float32 or with products of bfloat16.
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/sample_cnn/bfloat16_pairs.h"
#include "kernels/sample_cnn/inference/fused_forward.h"
#include "kernels/sample_cnn/inference/scratch.h"
#include "kernels/sample_cnn/sample_cnn.h"
#include "kernels/sample_cnn/winograd.h"

namespace clmr {
namespace {

using kernels::ChooseWinograd;
using kernels::kMostTilePoints;
using kernels::TileKernels;
using kernels::TileRange;

constexpr int64_t kBlock = kernels::kPairColumns;  // output channels of one GEMM
constexpr int64_t kRows = 48;  // tiles of one GEMM: V and M of a block stay in the second-level cache
constexpr int64_t kSkew =
    80;  // values past a plane of V or M: planes of whole pages would share their sets of a cache

struct Workspace {
  Scratch<float> products_in, products_out, even, odd, group_even, group_odd;
};

Workspace& ThreadWorkspace() {
  thread_local Workspace workspace;
  return workspace;
}

// The layers of 19,683 to 2,187 steps, seven eighths of all work, go in tiles of nine. In the later ones
// F(9,3) would add as much error again for little time.
constexpr int64_t kNineUpTo = 3;

class WinogradForward final : public FusedForward {
 public:
  WinogradForward(const std::vector<FoldedLayer>& folded, WinogradTiles tiles,
                  const kernels::Bfloat16WinogradKernels* halves);
  int64_t Bytes() const override;

 protected:
  void RunGroup(const float* const* clips, int64_t n, float* out, const AbortFlag& abort) const override;
  void RunSplit(const float* clip, float* out, int64_t threads, const AbortFlag& abort) const override;

 private:
  struct Layer {
    const TileKernels& tile;
    int64_t in, out;    // channels
    at::Tensor points;  // [out / kBlock, tile.points, in, kBlock]: G·w; of bfloat16 in pairs of rows
    at::Tensor bias;    // [out]
  };
  // One layer over some clips.
  struct Work {
    const Layer& layer;
    int64_t steps;
    const float* const* clips;  // padded rows, or waveforms where `waveform`
    float* const* pooled;       // padded rows of the next layer
    bool waveform;
  };

  Layer Pack(const FoldedLayer& folded, const TileKernels& tile) const;
  static int64_t Tiles(const Work& work) {
    return (work.steps + work.layer.tile.outputs - 1) / work.layer.tile.outputs;
  }
  void TransformInput(const Work& work, int64_t clip, TileRange range, int64_t row, void* v) const;
  void Multiply(int64_t rows, int64_t depth, const void* v, int64_t point, const void* points,
                float* m) const;
  void RunTiles(const Work& work, int64_t first, int64_t last, int64_t first_block, int64_t last_block) const;
  void RunLayer(const Work& work, int64_t clips) const;
  void SplitLayer(const Work& work, int64_t threads) const;
  void RunLast(const float* rows, int64_t stride, int64_t n, float* out) const;

  const kernels::Bfloat16WinogradKernels* const halves_;  // nullptr where products are of float32
  at::Tensor first_weight_, first_bias_;                  // [3, 128], [128]
  std::vector<Layer> layers_;                             // kPooledLayers
  at::Tensor last_weight_, last_bias_;                    // [512, 512]: the middle tap, transposed; [512]
};

WinogradForward::Layer WinogradForward::Pack(const FoldedLayer& folded, const TileKernels& tile) const {
  const at::Tensor weight = folded.weight.to(at::kDouble).contiguous();
  const int64_t out = weight.size(0), in = weight.size(1);
  at::Tensor g = at::empty({out / kBlock, tile.points, in, kBlock}, at::kFloat);
  const double* w = weight.const_data_ptr<double>();
  float* packed = g.mutable_data_ptr<float>();
  for (int64_t o = 0; o < out; ++o)
    for (int64_t c = 0; c < in; ++c) {
      double points[kMostTilePoints];
      tile.filter(w + (o * in + c) * 3, points);
      for (int64_t p = 0; p < tile.points; ++p)
        packed[((o / kBlock * tile.points + p) * in + c) * kBlock + o % kBlock] =
            static_cast<float>(points[p]);
    }
  const at::Tensor bias = folded.bias.to(at::kFloat).contiguous();
  if (!halves_) return {tile, in, out, g, bias};
  at::Tensor halves = at::empty(g.sizes(), at::kBFloat16);
  auto* pairs = static_cast<uint16_t*>(halves.mutable_data_ptr());
  for (int64_t plane = 0; plane < g.numel(); plane += in * kBlock)
    kernels::PackPairs(in, pairs + plane,
                       [&](int64_t k, int64_t n) { return packed[plane + k * kBlock + n]; });
  return {tile, in, out, halves, bias};
}

WinogradForward::WinogradForward(const std::vector<FoldedLayer>& folded, WinogradTiles tiles,
                                 const kernels::Bfloat16WinogradKernels* halves)
    : halves_(halves) {
  TORCH_CHECK(folded.size() == kPooledLayers + 2, "SampleCNN has 11 layers");
  first_weight_ = folded[0].weight.to(at::kFloat).squeeze(1).t().contiguous();
  first_bias_ = folded[0].bias.to(at::kFloat).contiguous();
  const auto& k = ChooseWinograd();
  const int64_t nine_up_to = tiles == WinogradTiles::nine ? kNineUpTo : 0;
  for (int64_t j = 1; j <= kPooledLayers; ++j)
    layers_.push_back(Pack(folded[j], j <= nine_up_to ? k.nine : k.six));
  last_weight_ = folded.back().weight.to(at::kFloat).select(2, 1).t().contiguous();
  last_bias_ = folded.back().bias.to(at::kFloat).contiguous();
}

int64_t WinogradForward::Bytes() const {
  int64_t bytes = first_weight_.nbytes() + last_weight_.nbytes();
  for (const Layer& layer : layers_) bytes += layer.points.nbytes() + layer.bias.nbytes();
  return bytes;
}

// Bᵀ·d of some tiles of one clip, from `row` of v on: planes of [kRows, in], float32 or bfloat16.
void WinogradForward::TransformInput(const Work& work, int64_t clip, TileRange range, int64_t row,
                                     void* v) const {
  const TileKernels& tile = work.layer.tile;
  const int64_t in = work.layer.in, plane = kRows * in + kSkew;
  const float* source = work.clips[clip];
  const float* weight = first_weight_.const_data_ptr<float>();
  const float* bias = first_bias_.const_data_ptr<float>();
  if (halves_) {
    uint16_t* target = static_cast<uint16_t*>(v) + row * in;
    if (work.waveform)
      halves_->first_layer(source, weight, bias, range, in, target, plane);
    else
      halves_->input(source, range, in, target, plane);
  } else {
    float* target = static_cast<float*>(v) + row * in;
    if (work.waveform)
      tile.first_layer_f32(source, weight, bias, range, in, target, plane);
    else
      tile.input_f32(source, range, in, target, plane);
  }
}

// m [rows, kBlock] = plane `point` of v · the same of a block's points
void WinogradForward::Multiply(int64_t rows, int64_t depth, const void* v, int64_t point, const void* points,
                               float* m) const {
  const int64_t from = point * (kRows * depth + kSkew), at = point * depth * kBlock;
  if (halves_)
    halves_->gemm(rows, depth, static_cast<const uint16_t*>(v) + from,
                  static_cast<const uint16_t*>(points) + at, m);
  else
    ChooseWinograd().gemm_f32(rows, kBlock, depth, static_cast<const float*>(v) + from, depth,
                              static_cast<const float*>(points) + at, kBlock, m, kBlock);
}

// Tiles first … last of the list over all clips, for the blocks of output channels first_block … last_block.
void WinogradForward::RunTiles(const Work& work, int64_t first, int64_t last, int64_t first_block,
                               int64_t last_block) const {
  const Layer& layer = work.layer;
  const TileKernels& tile = layer.tile;
  const int64_t tiles = Tiles(work), out_plane = kRows * kBlock + kSkew;
  float* v = ThreadWorkspace().products_in.Get(kMostTilePoints * (kRows * layer.in + kSkew));
  float* m = ThreadWorkspace().products_out.Get(kMostTilePoints * out_plane);
  const auto* points = static_cast<const char*>(layer.points.const_data_ptr());
  const int64_t block_bytes = tile.points * layer.in * kBlock * layer.points.element_size();
  const float* bias = layer.bias.const_data_ptr<float>();
  // The tiles of a block may belong to several clips.
  const auto each_clip = [&](int64_t begin, int64_t end, auto&& f) {
    for (int64_t t = begin; t < end;) {
      const int64_t clip = t / tiles, within = t % tiles, count = std::min(end - t, tiles - within);
      f(clip, TileRange{within, count, work.steps}, t - begin);
      t += count;
    }
  };
  for (int64_t begin = first; begin < last; begin += kRows) {
    const int64_t end = std::min(begin + kRows, last);
    each_clip(begin, end,
              [&](int64_t clip, TileRange range, int64_t row) { TransformInput(work, clip, range, row, v); });
    for (int64_t block = first_block; block < last_block; ++block) {
      for (int64_t p = 0; p < tile.points; ++p)
        Multiply(end - begin, layer.in, v, p, points + block * block_bytes, m + p * out_plane);
      each_clip(begin, end, [&](int64_t clip, TileRange range, int64_t row) {
        float* pooled = work.pooled[clip] + (1 + range.first * tile.pooled) * layer.out + block * kBlock;
        tile.output_f32(m + row * kBlock, out_plane, bias + block * kBlock, range, kBlock, pooled, layer.out);
      });
    }
  }
}

void WinogradForward::RunLayer(const Work& work, int64_t clips) const {
  RunTiles(work, 0, clips * Tiles(work), 0, work.layer.out / kBlock);
}

// One clip on all threads: by tiles where there are enough of them, otherwise by output channels.
void WinogradForward::SplitLayer(const Work& work, int64_t threads) const {
  const int64_t tiles = Tiles(work), blocks = work.layer.out / kBlock;
  if (tiles >= 8 * threads)
    Share(tiles, threads, [&](int64_t first, int64_t last) { RunTiles(work, first, last, 0, blocks); });
  else
    Share(blocks, threads, [&](int64_t first, int64_t last) { RunTiles(work, 0, tiles, first, last); });
}

// rows [n, 512], `stride` apart → out [n, 512]. The last convolution sees one step: only its middle tap
// counts.
void WinogradForward::RunLast(const float* rows, int64_t stride, int64_t n, float* out) const {
  const auto& k = ChooseWinograd();
  k.gemm_f32(n, kEmbeddingSize, kEmbeddingSize, rows, stride, last_weight_.const_data_ptr<float>(),
             kEmbeddingSize, out, kEmbeddingSize);
  for (int64_t i = 0; i < n; ++i)
    k.bias_relu_f32(out + i * kEmbeddingSize, last_bias_.const_data_ptr<float>(), kEmbeddingSize);
}

// Up to kGroup clips from end to end on this thread.
void WinogradForward::RunGroup(const float* const* clips, int64_t n, float* out,
                               const AbortFlag& abort) const {
  Workspace& w = ThreadWorkspace();
  const int64_t merged_channels = layers_[kMergedFrom].in;
  int64_t merged_steps = kFirstSteps;
  for (int64_t j = 0; j < kMergedFrom; ++j) merged_steps /= 3;
  const int64_t merged_size = (merged_steps + 2) * merged_channels;
  float* merged = w.group_even.Get(kGroup * merged_size);
  for (int64_t i = 0; i < n; ++i) {
    const float* in = clips[i];
    int64_t steps = kFirstSteps;
    for (int64_t j = 0; j < kMergedFrom; ++j) {
      throw_if_aborted(abort);
      const Layer& layer = layers_[j];
      const int64_t next = steps / 3;
      Scratch<float>& scratch = j % 2 == 0 ? w.even : w.odd;
      float* pooled = j == kMergedFrom - 1 ? merged + i * merged_size : scratch.Get((next + 2) * layer.out);
      ClearBorders(pooled, next, layer.out);
      RunLayer({layer, steps, &in, &pooled, j == 0}, 1);
      in = pooled;
      steps = next;
    }
  }
  int64_t steps = merged_steps;
  const float* in[kGroup];
  float* pooled[kGroup];
  for (int64_t i = 0; i < n; ++i) in[i] = merged + i * merged_size;
  int64_t stride = 0;
  for (int64_t j = kMergedFrom; j < kPooledLayers; ++j) {
    throw_if_aborted(abort);
    const Layer& layer = layers_[j];
    const int64_t next = steps / 3;
    stride = (next + 2) * layer.out;
    float* target =
        ((j - kMergedFrom) % 2 == 0 ? w.group_odd : w.group_even).Get(kGroup * std::max(stride, merged_size));
    for (int64_t i = 0; i < n; ++i) {
      pooled[i] = target + i * stride;
      ClearBorders(pooled[i], next, layer.out);
    }
    RunLayer({layer, steps, in, pooled, false}, n);
    std::copy(pooled, pooled + n, in);
    steps = next;
  }
  RunLast(in[0] + kEmbeddingSize, stride, n, out);
}

void WinogradForward::RunSplit(const float* clip, float* out, int64_t threads, const AbortFlag& abort) const {
  Workspace& w = ThreadWorkspace();
  const float* in = clip;
  int64_t steps = kFirstSteps;
  for (int64_t j = 0; j < kPooledLayers; ++j) {
    throw_if_aborted(abort);
    const Layer& layer = layers_[j];
    const int64_t next = steps / 3;
    float* pooled = (j % 2 == 0 ? w.even : w.odd).Get((next + 2) * layer.out);
    ClearBorders(pooled, next, layer.out);
    SplitLayer({layer, steps, &in, &pooled, j == 0}, threads);
    in = pooled;
    steps = next;
  }
  RunLast(in + kEmbeddingSize, 3 * kEmbeddingSize, 1, out);
}

}  // namespace

std::unique_ptr<const FusedForward> MakeWinogradForward(const std::vector<FoldedLayer>& layers,
                                                        WinogradTiles tiles) {
  return std::make_unique<WinogradForward>(layers, tiles, nullptr);
}

std::unique_ptr<const FusedForward> MakeBfloat16WinogradForward(const std::vector<FoldedLayer>& layers) {
  const auto* halves = kernels::ChooseBfloat16Winograd();
  return halves ? std::make_unique<WinogradForward>(layers, WinogradTiles::six, halves) : nullptr;
}

}  // namespace clmr
