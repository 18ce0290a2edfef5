#include "kernels/sample_cnn/training/pass.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "kernels/dispatch.h"
#include "kernels/one_thread_each.h"
#include "kernels/sample_cnn/training/tiles.h"

namespace clmr::kernels {

using namespace training_tiles;

namespace {

at::Tensor Wide(const at::Tensor& x) { return x.detach().to(at::kDouble); }
at::Tensor Narrow(const at::Tensor& x) { return x.to(at::kFloat).contiguous(); }

// [out, in, 3] → [3, in, out], or for the gradient of the input flipped and transposed: [3, out, in]
at::Tensor Taps(const at::Tensor& weight, bool flipped) {
  return flipped ? weight.flip(2).permute({2, 0, 1}).contiguous() : weight.permute({2, 1, 0}).contiguous();
}

template <class P>
at::Tensor Points(const at::Tensor& taps, at::ScalarType factors, Isa isa) {
  const int64_t rows = taps.size(1), columns = taps.size(2);
  at::Tensor points = at::empty({columns / kGemmColumns, kSixPoints, rows, kGemmColumns}, factors);
  P::Loops(isa).filter_transform(taps.const_data_ptr<float>(), rows, columns, kGemmColumns,
                                 Values<typename P::Factor>(points));
  return points;
}

}  // namespace

Normalization TrainingPass::Norm::Forward() const {
  return {scale.const_data_ptr<float>(), shift.const_data_ptr<float>()};
}

NormalizationGradient TrainingPass::Norm::Backward() const {
  return {scale.const_data_ptr<float>(), center.const_data_ptr<float>(), slope.const_data_ptr<float>(),
          offset.const_data_ptr<float>()};
}

TrainingPass::TrainingPass(const std::vector<ConvBlock>& blocks, at::Tensor clips, const AbortFlag& abort,
                           Precision precision)
    : blocks_(blocks.begin(), blocks.begin() + kTrainingBlocks),
      clips_(std::move(clips)),
      abort_(abort),
      isa_(ActiveChoice().isa),
      kept_(precision == Precision::bfloat16 ? at::kBFloat16 : at::kFloat),
      factors_(kept_ == at::kBFloat16 && HasBfloat16Products(isa_) ? at::kBFloat16 : at::kFloat),
      threads_(at::get_num_threads()),
      norms_(kTrainingBlocks),
      layers_(kTrainingBlocks) {
  const int64_t n = clips_.size(0);
  int64_t steps = clips_.size(1) / 3, values = 0;
  std::vector<int64_t> filters;  // of each part: the size of the largest filter whose gradient it adds up
  for (int64_t i = 1; i < kTrainingBlocks; ++i, steps /= 3) {
    Layer& layer = layers_[i];
    layer.in = blocks_[i].weight.size(1);
    layer.out = blocks_[i].weight.size(0);
    layer.steps = steps;
    layer.y = at::empty({n, steps, layer.out}, kept_);
    layer.pooled = at::empty({n, steps / 3, layer.out}, kept_);
    values = std::max(values, kSixPoints * (kMostFactors * std::max(layer.in, layer.out) + kSkew<float>));
    filters.resize(std::max<size_t>(filters.size(), PartsOf(i)));
    for (int64_t p = 0; p < PartsOf(i); ++p) filters[p] = std::max(filters[p], layer.in * layer.out);
  }
  const auto scratch = [](int64_t size) { return at::empty({size}, at::kFloat); };
  for (const int64_t size : filters)
    workspaces_.push_back({scratch(values), scratch(kSixPoints * (kMostRows * kGemmColumns + kSkew<float>)),
                           scratch(values), scratch(values), scratch(4 * kMostChannels),
                           scratch(kSixPoints * size), scratch(4 * kMostChannels)});
}

int64_t TrainingPass::PartsOf(int64_t i) const {
  const int64_t n = clips_.size(0), chunks = n * TilesOf(layers_[i].steps) / (2 * kForwardRows);
  return std::min(n, std::clamp(chunks, kFewestParts, kMostParts));
}

TrainingPass::Part TrainingPass::PartOf(int64_t i, int64_t p) const {
  const int64_t n = clips_.size(0), parts = PartsOf(i);
  return {n * p / parts, n * (p + 1) / parts};
}

// f(0) … f(n - 1), each on a thread of its own.
void TrainingPass::EachJob(int64_t n, const std::function<void(int64_t)>& f) const {
  throw_if_aborted(abort_);
  OneThreadEach(n, threads_, f);
}

at::Tensor TrainingPass::Forward() {
  PackWeights();
  NormalizeFirst();
  for (int64_t i = 1; i < kTrainingBlocks; ++i) {
    const int64_t channels = layers_[i].out, parts = PartsOf(i);
    at::Tensor sums = at::zeros({parts, 2, channels}, at::kDouble),
               pivots = at::empty({parts, channels}, at::kFloat);
    EachJob(parts, [&](int64_t p) {
      WithTypes(kept_, at::kFloat, [&](auto types) {
        ForwardPart<decltype(types)>(i, p, sums.mutable_data_ptr<double>() + p * 2 * channels,
                                     pivots.mutable_data_ptr<float>() + p * channels);
      });
    });
    Normalize(i, sums, pivots);
    TakeFirstWhereFlat(i);
  }
  const Norm& last = norms_.back();
  top_ = at::relu(layers_.back().pooled.squeeze(1) * last.scale + last.shift);
  return top_.unsqueeze(2).clone();
}

void TrainingPass::PackWeights() {
  for (int64_t i = 0; i < kTrainingBlocks; ++i) {
    const at::Tensor gamma = Wide(blocks_[i].gamma);
    norms_[i].sign =
        i == 0 ? at::ones_like(gamma) : at::where(gamma < 0, -at::ones_like(gamma), at::ones_like(gamma));
  }
  EachJob(2 * (kTrainingBlocks - 1), [&](int64_t job) {
    const int64_t i = 1 + job / 2;
    const at::Tensor weight = blocks_[i].weight.detach() * Narrow(norms_[i].sign).view({-1, 1, 1});
    const bool forward = job % 2 == 0;
    const at::Tensor taps = Taps(weight, !forward);
    at::Tensor& points = forward ? layers_[i].points : layers_[i].back_points;
    const at::ScalarType factors = forward ? at::kFloat : factors_;
    WithTypes(kept_, factors, [&](auto types) { points = Points<decltype(types)>(taps, factors, isa_); });
  });
}

// Mean and variance of w·x over all steps follow from the moments of x.
void TrainingPass::NormalizeFirst() {
  const int64_t parts = PartsOf(1);
  std::vector<WaveformMoments> sums(parts);
  EachJob(parts, [&](int64_t p) {
    for (int64_t clip = PartOf(1, p).first; clip < PartOf(1, p).last; ++clip)
      AddWaveformMoments(clips_.const_data_ptr<float>() + clip * clips_.size(1), layers_[1].steps, sums[p]);
  });
  for (int j = 0; j < 3; ++j) {
    for (const auto& s : sums) moments_.first[j] += s.first[j] / Count(0);
    for (int k = 0; k < 3; ++k)
      for (const auto& s : sums) moments_.second[j][k] += s.second[j][k] / Count(0);
  }
  const at::Tensor first = at::from_blob(moments_.first, {3}, at::kDouble);
  const at::Tensor second = at::from_blob(moments_.second, {3, 3}, at::kDouble);
  const at::Tensor weight = Wide(blocks_[0].weight).squeeze(1);  // [128, 3]
  const at::Tensor covariance = second - first.unsqueeze(1) * first;
  SetNorm(0, weight.matmul(first), (weight.matmul(covariance) * weight).sum(1).clamp_min(0));
  const at::Tensor scale = Wide(blocks_[0].gamma) * norms_[0].inverse_std;
  first_weight_ = Narrow((weight * scale.unsqueeze(1)).t());
}

template <class P>
void TrainingPass::InputTransform(int64_t i, int64_t clip, TileRange range,
                                  Planes<typename P::Factor> to) const {
  using Stored = typename P::Stored;
  const auto& k = P::Loops(isa_);
  const Layer& layer = layers_[i];
  const Normalization norm = norms_[i - 1].Forward();
  if (i == 1)
    k.first_input_transform(clips_.const_data_ptr<float>() + clip * clips_.size(1),
                            first_weight_.const_data_ptr<float>(), norm.shift, range, layer.in, to);
  else
    k.input_transform(Values<Stored>(layers_[i - 1].pooled) + clip * layer.steps * layer.in, norm, range,
                      layer.in, to);
}

// Block i over the clips of part p; sums [2, out]: of y − pivot and its square.
template <class P>
void TrainingPass::ForwardPart(int64_t i, int64_t p, double* sums, float* pivot) {
  using Stored = typename P::Stored;
  using Factor = typename P::Factor;
  using Planes = Planes<Factor>;
  const auto& k = P::Loops(isa_);
  const Layer& layer = layers_[i];
  const Part part = PartOf(i, p);
  Workspace& work = workspaces_[p];
  const int64_t tiles = TilesOf(layer.steps), all = (part.last - part.first) * tiles;
  const int64_t most = RowsOfChunks(all, kForwardRows);
  const int64_t in_plane = most * layer.in + kSkew<Factor>, out_plane = most * kGemmColumns + kSkew<float>;
  Factor* v = Values<Factor>(work.products_in);
  float* m = work.products_out.mutable_data_ptr<float>();
  float* chunk = work.chunk_sums.mutable_data_ptr<float>();
  const Factor* points = Values<Factor>(layer.points);
  Stored* y = Values<Stored>(layer.y);
  Stored* pooled = Values<Stored>(layer.pooled);
  const bool stream = layer.y.nbytes() > kStreamBytes;
  for (int64_t begin = 0; begin < all; begin += most) {
    throw_if_aborted(abort_);
    const int64_t rows = std::min(most, all - begin);
    EachClip(begin, rows, layer.steps, [&](int64_t clip, TileRange range, int64_t row) {
      InputTransform<P>(i, part.first + clip, range, Planes::AsRows(v, in_plane, layer.in).From(row));
    });
    std::fill_n(chunk, 2 * layer.out, 0.0f);
    for (int64_t c = 0; c < layer.out; c += kGemmColumns) {
      for (int64_t point = 0; point < kSixPoints; ++point)
        k.gemm(rows, layer.in, v + point * in_plane,
               points + (c / kGemmColumns * kSixPoints + point) * layer.in * kGemmColumns,
               m + point * out_plane, {});
      EachClip(begin, rows, layer.steps, [&](int64_t within, TileRange range, int64_t row) {
        const int64_t clip = part.first + within, step = range.first * kSixOutputs,
                      window = range.first * kSixPooled;
        k.output_transform(m + row * kGemmColumns, out_plane, range, kGemmColumns,
                           y + (clip * layer.steps + step) * layer.out + c,
                           pooled + (clip * (layer.steps / 3) + window) * layer.out + c, layer.out, stream,
                           begin == 0 && row == 0, pivot + c, chunk + c, chunk + layer.out + c);
      });
    }
    for (int64_t c = 0; c < 2 * layer.out; ++c) sums[c] += chunk[c];
  }
}

template void TrainingPass::InputTransform<Float32>(int64_t, int64_t, TileRange, Planes<float>) const;
template void TrainingPass::InputTransform<KeptAsBfloat16>(int64_t, int64_t, TileRange, Planes<float>) const;
template void TrainingPass::InputTransform<AllBfloat16>(int64_t, int64_t, TileRange, Planes<Bfloat16>) const;

// Deviations from the pivot of each part → mean and variance over all (Chan et al., "Updating formulae and a
// pairwise algorithm for computing sample variances", 1979).
void TrainingPass::Normalize(int64_t i, const at::Tensor& sums, const at::Tensor& pivots) {
  std::vector<double> counts;
  for (int64_t p = 0; p < PartsOf(i); ++p)
    counts.push_back(static_cast<double>((PartOf(i, p).last - PartOf(i, p).first) * layers_[i].steps));
  const at::Tensor n = at::tensor(counts, at::kDouble).unsqueeze(1);  // [parts, 1]
  const double all = static_cast<double>(Count(i));
  const at::Tensor deviation = sums.select(1, 0), squares = sums.select(1, 1);
  const at::Tensor means = Wide(pivots) + deviation / n;
  const at::Tensor mean = (means * n).sum(0) / all;
  const at::Tensor within = (squares - deviation * deviation / n).sum(0);
  const at::Tensor between = ((means - mean).square() * n).sum(0);
  SetNorm(i, mean, ((within + between) / all).clamp_min(0));
}

void TrainingPass::SetNorm(int64_t i, const at::Tensor& mean, const at::Tensor& variance) {
  Norm& norm = norms_[i];
  norm.mean = mean;
  norm.variance = variance;
  norm.inverse_std = at::rsqrt(variance + kBatchNormEps);
  const at::Tensor scale = norm.sign * Wide(blocks_[i].gamma) * norm.inverse_std;
  norm.center = Narrow(mean);
  norm.scale = Narrow(scale);
  norm.shift = Narrow(Wide(blocks_[i].beta) - mean * scale);
}

// Where γ is 0 all values of a channel are equal after batch norm: autograd takes the first value of a
// pooling window for the largest.
void TrainingPass::TakeFirstWhereFlat(int64_t i) {
  const at::Tensor flat = (blocks_[i].gamma.detach() == 0).nonzero().squeeze(1);
  if (flat.numel() == 0) return;
  Layer& layer = layers_[i];
  layer.pooled.index_copy_(2, flat, layer.y.slice(1, 0, layer.steps, 3).index_select(2, flat));
}

}  // namespace clmr::kernels
