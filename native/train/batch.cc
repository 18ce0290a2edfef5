#include "train/batch.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "random/philox.h"

namespace clmr {

BatchOrder::BatchOrder(uint64_t seed, int64_t tracks, int64_t batch_size)
    : seed_(seed), tracks_(tracks), batch_size_(batch_size) {
  if (tracks < batch_size)
    throw Error("ERR_CONFIG", "a step on " + std::to_string(batch_size) +
                                  " examples takes more than the data set of " + std::to_string(tracks) +
                                  " tracks");
}

std::vector<int64_t> BatchOrder::Tracks(int64_t step) const {
  if (step < 0) throw Error("ERR_ARGUMENT", "there is no step " + std::to_string(step));
  const int64_t epoch = step / StepsPerEpoch(), place = step % StepsPerEpoch();
  std::lock_guard lock(mutex_);
  if (epoch != epoch_) {
    random::Stream stream(seed_, random::Purpose::epochOrder, static_cast<uint32_t>(epoch), 0, 0);
    order_ = stream.Permutation(tracks_);
    epoch_ = epoch;
  }
  const auto first = order_.begin() + place * batch_size_;
  return {first, first + batch_size_};
}

namespace {

// Where each of the B·V views of `tracks` begins at this step.
std::vector<int64_t> CropStarts(const CropSource& source, const std::vector<int64_t>& tracks,
                                const Chain& chain, uint32_t step) {
  const int64_t size = chain.spec().clip_length, views = chain.spec().views;
  std::vector<int64_t> lengths;
  for (const int64_t track : tracks) lengths.push_back(source.DrawLength(track, size));
  std::vector<int64_t> starts = chain.DrawStarts(lengths, step);
  for (size_t row = 0; row < starts.size(); ++row)
    starts[row] = source.Place(tracks[row / views], starts[row], size);
  return starts;
}

template <class Sample>
at::Tensor LoadAs(at::TensorOptions kind, const CropSource& source, const std::vector<int64_t>& tracks,
                  const Chain& chain, uint32_t step, const AbortFlag& abort) {
  const std::vector<int64_t> starts = CropStarts(source, tracks, chain, step);
  const int64_t rows = static_cast<int64_t>(starts.size()), views = chain.spec().views;
  const int64_t size = chain.spec().clip_length;
  at::Tensor crops = at::empty({rows, size}, kind);
  auto* out = crops.mutable_data_ptr<Sample>();
  at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      throw_if_aborted(abort);
      source.Crop(tracks[row / views], starts[row], size, out + row * size);
    }
  });
  return crops;
}

}  // namespace

at::Tensor LoadCrops(const CropSource& source, const std::vector<int64_t>& tracks, const Chain& chain,
                     uint32_t step, const AbortFlag& abort) {
  return LoadAs<float>(at::kFloat, source, tracks, chain, step, abort);
}

at::Tensor LoadPinnedPcm16(const CropSource& source, const std::vector<int64_t>& tracks, const Chain& chain,
                           uint32_t step, const AbortFlag& abort) {
  const at::TensorOptions pinned = at::TensorOptions(at::kShort).pinned_memory(true);
  return LoadAs<int16_t>(pinned, source, tracks, chain, step, abort);
}

at::Tensor AugmentCrops(const at::Tensor& crops, const Chain& chain, uint32_t step, const AbortFlag& abort) {
  at::Tensor views = at::empty(crops.sizes(), at::kFloat);
  chain.AugmentCrops(crops.const_data_ptr<float>(), crops.size(0) / chain.spec().views, step,
                     views.mutable_data_ptr<float>(), abort);
  return views;
}

at::Tensor LabelsOf(const at::Tensor& labels, const std::vector<int64_t>& tracks) {
  return labels.defined() ? labels.index_select(0, at::tensor(tracks)) : at::Tensor();
}

}  // namespace clmr
