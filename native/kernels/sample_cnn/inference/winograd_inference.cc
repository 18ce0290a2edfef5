// Inference by Winograd F(9,3) and F(6,3) through small GEMMs, in float32 or with products of bfloat16.
#include "kernels/dispatch.h"
#include "kernels/sample_cnn/bfloat16.h"
#include "kernels/sample_cnn/inference/fused_inference.h"
#include "kernels/sample_cnn/inference/loops.h"
#include "kernels/sample_cnn/inference/passes.h"

namespace clmr::kernels {
namespace {

constexpr int64_t kRows = 48;  // tiles of one GEMM: V and M of a block stay in the second-level cache
// Values between two planes of V or M: planes of whole pages would share their sets of a cache.
constexpr int64_t kSkew = 80;
// The layers of 19,683 to 2,187 steps, seven eighths of all work, go in tiles of nine. In the later ones
// F(9,3) would add as much error again for little time.
constexpr int64_t kLongLayers = 3;

class WinogradInference final : public FusedInference<float> {
 public:
  // six: of the same network with tiles of six, whose layers are taken where they are the same
  WinogradInference(const std::vector<FoldedLayer>& folded, const WinogradLoops& loops, int64_t tile_outputs,
                    const Bfloat16WinogradLoops* halves, const WinogradInference* six = nullptr);
  int64_t Bytes() const override;

 protected:
  int64_t OutChannels(int64_t layer) const override { return layers_[layer].out; }
  void RunLayer(const Work& work, int64_t threads) const override;
  void RunLast(const float* rows, int64_t stride, int64_t n, float* out) const override;

 private:
  struct Layer {
    const TileLoops& tile;
    int64_t in, out;  // channels
    at::Tensor
        points;  // [out / kPairColumns, tile.points, in, kPairColumns]: G·w; of bfloat16 in pairs of rows
    at::Tensor bias;  // [out]
  };

  Layer Pack(const FoldedLayer& folded, const TileLoops& tile) const;
  int64_t Tiles(const Work& work) const {
    const int64_t outputs = layers_[work.layer].tile.outputs;
    return (work.steps + outputs - 1) / outputs;
  }
  void TransformInput(const Work& work, int64_t clip, TileRange range, int64_t row, void* v) const;
  void Multiply(int64_t rows, int64_t depth, const void* v, int64_t point, const void* points,
                float* m) const;
  void RunTiles(const Work& work, int64_t first, int64_t last, int64_t first_block, int64_t last_block) const;

  const WinogradLoops& loops_;
  const Bfloat16WinogradLoops* const halves_;  // nullptr where products are of float32
  at::Tensor first_weight_, first_bias_;       // [3, 128], [128]
  std::vector<Layer> layers_;                  // kPooledLayers
  at::Tensor last_weight_, last_bias_;         // [512, 512]: the middle tap, transposed; [512]
};

WinogradInference::Layer WinogradInference::Pack(const FoldedLayer& folded, const TileLoops& tile) const {
  const at::Tensor weight = folded.weight.to(at::kDouble).contiguous();
  const int64_t out = weight.size(0), in = weight.size(1);
  at::Tensor g = at::empty({out / kPairColumns, tile.points, in, kPairColumns}, at::kFloat);
  const double* w = weight.const_data_ptr<double>();
  float* packed = g.mutable_data_ptr<float>();
  for (int64_t o = 0; o < out; ++o)
    for (int64_t c = 0; c < in; ++c) {
      double points[kMostTilePoints];
      tile.filter(w + (o * in + c) * 3, points);
      for (int64_t p = 0; p < tile.points; ++p)
        packed[((o / kPairColumns * tile.points + p) * in + c) * kPairColumns + o % kPairColumns] =
            static_cast<float>(points[p]);
    }
  const at::Tensor bias = folded.bias.to(at::kFloat).contiguous();
  if (!halves_) return {tile, in, out, g, bias};
  at::Tensor halves = at::empty(g.sizes(), at::kBFloat16);
  auto* pairs = static_cast<uint16_t*>(halves.mutable_data_ptr());
  for (int64_t plane = 0; plane < g.numel(); plane += in * kPairColumns)
    PackPairs(in, pairs + plane, [&](int64_t k, int64_t n) { return packed[plane + k * kPairColumns + n]; });
  return {tile, in, out, halves, bias};
}

WinogradInference::WinogradInference(const std::vector<FoldedLayer>& folded, const WinogradLoops& loops,
                                     int64_t tile_outputs, const Bfloat16WinogradLoops* halves,
                                     const WinogradInference* six)
    : loops_(loops), halves_(halves) {
  TORCH_CHECK(folded.size() == kPooledLayers + 2, "SampleCNN has 11 layers");
  first_weight_ = folded[0].weight.to(at::kFloat).squeeze(1).t().contiguous();
  first_bias_ = folded[0].bias.to(at::kFloat).contiguous();
  for (int64_t j = 1; j <= kPooledLayers; ++j) {
    const bool nine = tile_outputs == 9 && j <= kLongLayers;
    layers_.push_back(six && !nine ? six->layers_[j - 1] : Pack(folded[j], nine ? loops.nine : loops.six));
  }
  last_weight_ = folded.back().weight.to(at::kFloat).select(2, 1).t().contiguous();
  last_bias_ = folded.back().bias.to(at::kFloat).contiguous();
}

int64_t WinogradInference::Bytes() const {
  int64_t bytes = first_weight_.nbytes() + last_weight_.nbytes();
  for (const Layer& layer : layers_) bytes += layer.points.nbytes() + layer.bias.nbytes();
  return bytes;
}

// Bᵀ·d of some tiles of one clip, from `row` of v on: planes of [kRows, in], float32 or bfloat16.
void WinogradInference::TransformInput(const Work& work, int64_t clip, TileRange range, int64_t row,
                                       void* v) const {
  const Layer& layer = layers_[work.layer];
  const TileLoops& tile = layer.tile;
  const int64_t in = layer.in, plane = kRows * in + kSkew;
  const bool waveform = work.layer == 0;
  const float* source = waveform ? work.waveform : work.in + clip * (work.steps + 2) * in;
  const float* weight = first_weight_.const_data_ptr<float>();
  const float* bias = first_bias_.const_data_ptr<float>();
  if (halves_) {
    uint16_t* target = static_cast<uint16_t*>(v) + row * in;
    if (waveform)
      halves_->first_layer(source, weight, bias, range, in, target, plane);
    else
      halves_->input(source, range, in, target, plane);
  } else {
    float* target = static_cast<float*>(v) + row * in;
    if (waveform)
      tile.first_layer_f32(source, weight, bias, range, in, target, plane);
    else
      tile.input_f32(source, range, in, target, plane);
  }
}

// m [rows, kPairColumns] = plane `point` of v · the same of a block's points
void WinogradInference::Multiply(int64_t rows, int64_t depth, const void* v, int64_t point,
                                 const void* points, float* m) const {
  const int64_t from = point * (kRows * depth + kSkew), at = point * depth * kPairColumns;
  if (halves_)
    halves_->gemm(rows, depth, static_cast<const uint16_t*>(v) + from,
                  static_cast<const uint16_t*>(points) + at, m);
  else
    loops_.gemm_f32(rows, kPairColumns, depth, static_cast<const float*>(v) + from, depth,
                    static_cast<const float*>(points) + at, kPairColumns, m, kPairColumns);
}

// Tiles first … last of the list over all clips, for the blocks of output channels first_block … last_block.
void WinogradInference::RunTiles(const Work& work, int64_t first, int64_t last, int64_t first_block,
                                 int64_t last_block) const {
  const Layer& layer = layers_[work.layer];
  const TileLoops& tile = layer.tile;
  const int64_t tiles = Tiles(work), out_plane = kRows * kPairColumns + kSkew;
  thread_local Scratch<float> products_in, products_out;
  float* v = products_in.Get(kMostTilePoints * (kRows * layer.in + kSkew));
  float* m = products_out.Get(kMostTilePoints * out_plane);
  const auto* points = static_cast<const char*>(layer.points.const_data_ptr());
  const int64_t block_bytes = tile.points * layer.in * kPairColumns * layer.points.element_size();
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
        const int64_t window = clip * (work.steps / 3 + 2) + 1 + range.first * tile.pooled;
        float* pooled = work.pooled + window * layer.out + block * kPairColumns;
        tile.output_f32(m + row * kPairColumns, out_plane, bias + block * kPairColumns, range, kPairColumns,
                        pooled, layer.out);
      });
    }
  }
}

// By tiles where there are enough of them, otherwise by output channels.
void WinogradInference::RunLayer(const Work& work, int64_t threads) const {
  const int64_t tiles = work.clips * Tiles(work), blocks = layers_[work.layer].out / kPairColumns;
  if (tiles >= 8 * threads)
    InRanges(tiles, threads, [&](int64_t first, int64_t last) { RunTiles(work, first, last, 0, blocks); });
  else
    InRanges(blocks, threads, [&](int64_t first, int64_t last) { RunTiles(work, 0, tiles, first, last); });
}

// Of the last convolution only the middle tap counts: the others see zeros.
void WinogradInference::RunLast(const float* rows, int64_t stride, int64_t n, float* out) const {
  loops_.gemm_f32(n, kEmbeddingSize, kEmbeddingSize, rows, stride, last_weight_.const_data_ptr<float>(),
                  kEmbeddingSize, out, kEmbeddingSize);
  for (int64_t i = 0; i < n; ++i)
    loops_.bias_relu_f32(out + i * kEmbeddingSize, last_bias_.const_data_ptr<float>(), kEmbeddingSize);
}

}  // namespace

std::unique_ptr<const Inference> MakeWinograd(const std::vector<FoldedLayer>& layers, Isa isa,
                                              int64_t tile_outputs) {
  return std::make_unique<WinogradInference>(layers, kWinograd[isa], tile_outputs, nullptr);
}

SixAndNine MakeBothWinograds(const std::vector<FoldedLayer>& layers, Isa isa) {
  auto six = std::make_unique<const WinogradInference>(layers, kWinograd[isa], 6, nullptr);
  auto nine = std::make_unique<const WinogradInference>(layers, kWinograd[isa], 9, nullptr, six.get());
  return {std::move(six), std::move(nine)};
}

std::unique_ptr<const Inference> MakeBfloat16Winograd([[maybe_unused]] const std::vector<FoldedLayer>& layers,
                                                      [[maybe_unused]] Isa isa) {
#if CLMR_BFLOAT16_PRODUCTS
  if (HasBfloat16Products(isa))
    return std::make_unique<WinogradInference>(layers, kWinograd[isa], 6, &avx512::kBfloat16Winograd);
#endif
  return nullptr;
}

}  // namespace clmr::kernels
