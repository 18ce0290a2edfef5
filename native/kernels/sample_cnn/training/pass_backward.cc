// The backward half of TrainingPass.
#include <ATen/ATen.h>

#include <algorithm>

#include "kernels/sample_cnn/training/pass.h"
#include "kernels/sample_cnn/training/tiles.h"

namespace clmr::kernels {

using namespace training_tiles;

std::vector<at::Tensor> TrainingPass::Backward(const at::Tensor& gradient) {
  TORCH_CHECK(!done_, "the gradients of a training step can be taken once");
  done_ = true;
  std::vector<at::Tensor> gradients(4 * kTrainingBlocks);
  at::Tensor sums = MaskTop(gradient);  // [2, C]: of dz and dz · (y − mean)
  for (int64_t i = kTrainingBlocks - 1; i > 0; --i) {
    const Norm& norm = norms_[i];
    SetSlope(i, sums);
    gradients[4 * i + 1] = at::zeros_like(blocks_[i].bias);  // batch norm takes the bias away again
    gradients[4 * i + 2] = (norm.sign * sums[1] * norm.inverse_std).to(at::kFloat);
    gradients[4 * i + 3] = sums[0].to(at::kFloat);
    const int64_t below = i == 1 ? 4 : 2, channels = layers_[i].in, parts = PartsOf(i);
    at::Tensor next = at::zeros({parts, below, channels}, at::kDouble);
    EachJob(parts, [&](int64_t p) {
      WithTypes(kept_, factors_, [&](auto types) {
        BackwardPart<decltype(types)>(i, p, next.mutable_data_ptr<double>() + p * below * channels);
      });
    });
    gradients[4 * i] = WeightGradient(i);
    sums = next.sum(0);
  }
  const std::vector<at::Tensor> first = FirstGradients(sums);
  std::copy(first.begin(), first.end(), gradients.begin());
  return gradients;
}

at::Tensor TrainingPass::MaskTop(const at::Tensor& gradient) {
  top_gradient_ = at::where(top_ > 0, gradient.squeeze(2), at::zeros_like(top_)).to(kept_).contiguous();
  const at::Tensor dz = top_gradient_.to(at::kDouble);
  const at::Tensor deviation = layers_.back().pooled.squeeze(1).to(at::kDouble) - norms_.back().mean;
  return at::stack({dz.sum(0), (dz * deviation).sum(0)});
}

// dy = scale · (dz − mean(dz) − x̂ · mean(dz · x̂)),  x̂ = (y − mean) / σ
void TrainingPass::SetSlope(int64_t i, const at::Tensor& sums) {
  Norm& norm = norms_[i];
  const at::Tensor scale = norm.scale.to(at::kDouble) / static_cast<double>(Count(i));
  norm.slope = (-scale * sums[1] * norm.inverse_std.square()).to(at::kFloat);
  norm.offset = (-scale * sums[0]).to(at::kFloat);
}

// dz of the pooled values of block i: the block above has written it over its y.
template <class P>
const typename P::Stored* TrainingPass::PooledGradient(int64_t i, int64_t clip) const {
  using Stored = typename P::Stored;
  if (i == kTrainingBlocks - 1) return Values<Stored>(top_gradient_) + clip * layers_[i].out;
  const Layer& above = layers_[i + 1];
  return Values<Stored>(above.y) + clip * above.steps * above.out;
}

// Block i over the clips of part p: its share of the weights' gradient, and dz of the block below, written
// over y; sums [2 or 4, in] as masked_output_transform and first_output_transform say.
template <class P>
void TrainingPass::BackwardPart(int64_t i, int64_t p, double* sums) {
  using Stored = typename P::Stored;
  using Factor = typename P::Factor;
  using Planes = Planes<Factor>;
  const auto& k = P::Loops(isa_);
  const Layer& layer = layers_[i];
  const NormalizationGradient norm = norms_[i].Backward();
  const Part part = PartOf(i, p);
  Workspace& work = workspaces_[p];
  const int64_t tiles = TilesOf(layer.steps), all = (part.last - part.first) * tiles;
  const int64_t most = RowsOfChunks(all, kBackwardRows<Factor>);
  const int64_t in_plane = most * layer.in + kSkew<Factor>, out_plane = most * layer.out + kSkew<Factor>;
  Factor* v = Values<Factor>(work.products_in);
  Factor* dy = Values<Factor>(work.gradient);
  Factor* x = Values<Factor>(work.input);
  float* du = work.weight_sums.mutable_data_ptr<float>();
  for (int64_t begin = 0; begin < all; begin += most) {
    throw_if_aborted(abort_);
    const int64_t rows = std::min(most, all - begin);
    EachClip(begin, rows, layer.steps, [&](int64_t within, TileRange range, int64_t row) {
      const int64_t clip = part.first + within;
      k.gradient_transform(
          Values<Stored>(layer.y) + clip * layer.steps * layer.out, PooledGradient<P>(i, clip), norm, range,
          layer.out, work.carry.mutable_data_ptr<float>(), Planes::AsRows(v, out_plane, layer.out).From(row),
          Planes::AsPanels(dy, out_plane, rows).From(row));
    });
    DataGradient<P>(i, part, work, begin, rows, sums);
    EachClip(begin, rows, layer.steps, [&](int64_t within, TileRange range, int64_t row) {
      InputTransform<P>(i, part.first + within, range, Planes::AsPanels(x, in_plane, rows).From(row));
    });
    for (int64_t point = 0; point < kSixPoints; ++point)
      k.weight_gradient(rows, x + point * in_plane, dy + point * out_plane, layer.in, layer.out,
                        du + point * layer.in * layer.out, begin > 0,
                        Next<P>(i, part, begin + rows, std::min(most, all - begin - rows), point));
  }
}

// What the `rows` tiles from `begin` on will read, in as many shares as there are points: the one of `point`.
template <class P>
Ahead TrainingPass::Next(int64_t i, Part part, int64_t begin, int64_t rows, int64_t point) const {
  using Stored = typename P::Stored;
  const Layer& layer = layers_[i];
  Ahead ahead;
  if (rows <= 0 || layer.y.nbytes() < kStreamBytes) return ahead;
  const int64_t tiles = TilesOf(layer.steps), clip = part.first + begin / tiles, tile = begin % tiles;
  const auto share = [&](const Stored* data, int64_t size) {
    return Ahead::Piece{data + size * point / kSixPoints, size / kSixPoints * int64_t{sizeof(Stored)}};
  };
  const int64_t step = tile * kSixOutputs, window = tile * kSixPooled;
  ahead.pieces[0] = share(Values<Stored>(layer.y) + (clip * layer.steps + step) * layer.out,
                          rows * kSixOutputs * layer.out);
  ahead.pieces[1] = share(PooledGradient<P>(i, clip) + window * layer.out, rows * kSixPooled * layer.out);
  if (i > 1)
    ahead.pieces[2] = share(Values<Stored>(layers_[i - 1].pooled) + (clip * layer.steps + step) * layer.in,
                            rows * kSixOutputs * layer.in);
  return ahead;
}

// The convolution of dy with the flipped, transposed weights, for the `rows` tiles of a chunk.
template <class P>
void TrainingPass::DataGradient(int64_t i, Part part, Workspace& work, int64_t begin, int64_t rows,
                                double* sums) {
  using Stored = typename P::Stored;
  using Factor = typename P::Factor;
  const auto& k = P::Loops(isa_);
  Layer& layer = layers_[i];
  const Norm& below = norms_[i - 1];
  const int64_t all = (part.last - part.first) * TilesOf(layer.steps),
                most = RowsOfChunks(all, kBackwardRows<Factor>);
  const int64_t v_plane = most * layer.out + kSkew<Factor>, m_plane = most * kGemmColumns + kSkew<float>;
  const Factor* v = Values<Factor>(work.products_in);
  const Factor* points = Values<Factor>(layer.back_points);
  float* m = work.products_out.mutable_data_ptr<float>();
  float* chunk = work.chunk_sums.mutable_data_ptr<float>();
  Stored* y = Values<Stored>(layer.y);
  const int64_t kinds = i == 1 ? 4 : 2;
  std::fill_n(chunk, kinds * layer.in, 0.0f);
  for (int64_t c = 0; c < layer.in; c += kGemmColumns) {
    for (int64_t point = 0; point < kSixPoints; ++point)
      k.gemm(rows, layer.out, v + point * v_plane,
             points + (c / kGemmColumns * kSixPoints + point) * layer.out * kGemmColumns, m + point * m_plane,
             {});
    const Normalization norm = {below.Forward().scale + c, below.Forward().shift + c};
    EachClip(begin, rows, layer.steps, [&](int64_t within, TileRange range, int64_t row) {
      const int64_t clip = part.first + within, step = range.first * kSixOutputs;
      const float* products = m + row * kGemmColumns;
      if (i == 1)
        k.first_output_transform(products, m_plane, range, kGemmColumns,
                                 clips_.const_data_ptr<float>() + clip * clips_.size(1),
                                 first_weight_.const_data_ptr<float>() + c, norm.shift, layer.in, chunk + c);
      else
        k.masked_output_transform(
            products, m_plane, range, kGemmColumns,
            Values<Stored>(layers_[i - 1].pooled) + (clip * layer.steps + step) * layer.in + c, norm,
            below.center.const_data_ptr<float>() + c,
            y + clip * layer.steps * layer.out + step * layer.in + c, layer.in, chunk + c,
            chunk + layer.in + c);
    });
  }
  for (int64_t c = 0; c < kinds * layer.in; ++c) sums[c] += chunk[c];
}

at::Tensor TrainingPass::WeightGradient(int64_t i) const {
  const Layer& layer = layers_[i];
  at::Tensor taps = at::empty({3, layer.in, layer.out}, at::kFloat);
  std::vector<const float*> du;
  for (int64_t p = 0; p < PartsOf(i); ++p) du.push_back(workspaces_[p].weight_sums.const_data_ptr<float>());
  const int64_t parts = du.size();
  EachJob(parts, [&](int64_t p) {  // rows of whole vectors
    const int64_t first = layer.in * p / parts * layer.out, last = layer.in * (p + 1) / parts * layer.out;
    Float32::Loops(isa_).filter_gradient(du.data(), parts, layer.in * layer.out, first, last,
                                         taps.mutable_data_ptr<float>());
  });
  return (taps.permute({2, 1, 0}) * norms_[i].sign.to(at::kFloat).view({-1, 1, 1})).contiguous();
}

// The first block from the sums [4, 128] of dz and dz · x and from the moments of x: see SetSlope.
std::vector<at::Tensor> TrainingPass::FirstGradients(const at::Tensor& sums) const {
  const Norm& norm = norms_[0];
  const at::Tensor first = at::from_blob(const_cast<double*>(moments_.first), {3}, at::kDouble);
  const at::Tensor second = at::from_blob(const_cast<double*>(&moments_.second[0][0]), {3, 3}, at::kDouble);
  const at::Tensor weight = blocks_[0].weight.detach().to(at::kDouble).squeeze(1);  // [128, 3]
  const at::Tensor dz = sums[0], dz_x = sums.slice(0, 1).t();                       // [128], [128, 3]
  const at::Tensor dz_normal = ((weight * dz_x).sum(1) - norm.mean * dz) * norm.inverse_std;
  const at::Tensor normal_x =
      weight.matmul(second - first.unsqueeze(1) * first) * norm.inverse_std.unsqueeze(1);
  const at::Tensor scale = (blocks_[0].gamma.detach().to(at::kDouble) * norm.inverse_std).unsqueeze(1);
  const at::Tensor d_weight = scale * (dz_x - dz.unsqueeze(1) * first - dz_normal.unsqueeze(1) * normal_x);
  return {d_weight.unsqueeze(1).to(at::kFloat).contiguous(), at::zeros_like(blocks_[0].bias),
          dz_normal.to(at::kFloat), dz.to(at::kFloat)};
}

}  // namespace clmr::kernels
