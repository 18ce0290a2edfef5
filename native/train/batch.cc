#include "train/batch.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "model/sample_cnn.h"
#include "random/philox.h"

namespace clmr {

using random::Purpose;
using random::Stream;

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
  Stream stream(seed_, Purpose::epochOrder, static_cast<uint32_t>(epoch), 0, 0);
  const std::vector<int64_t> order = stream.Permutation(tracks_);
  const auto first = order.begin() + place * batch_size_;
  return {first, first + batch_size_};
}

Windows WindowsOf(const ChainSpec& chain) {
  const auto crops = [](const TransformSpec& t) { return t.name == "randomCrop"; };
  return std::any_of(chain.transforms.begin(), chain.transforms.end(), crops) ? Windows::perView
                                                                              : Windows::perExample;
}

at::Tensor ReadCrops(const CropSource& source, const std::vector<int64_t>& tracks, int64_t views,
                     Windows windows, uint64_t seed, uint32_t step, const AbortFlag& abort) {
  const int64_t rows = static_cast<int64_t>(tracks.size()) * views;
  at::Tensor crops = at::empty({rows, kClipLength}, at::kFloat);
  float* out = crops.mutable_data_ptr<float>();
  at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      throw_if_aborted(abort);
      const int64_t track = tracks[row / views];
      const int64_t drawn_for = windows == Windows::perView ? row : row / views * views;
      const int64_t last = std::max<int64_t>(0, source.Length(track) - kClipLength);
      Stream stream(seed, Purpose::crop, step, static_cast<uint32_t>(drawn_for), 0);
      source.Read(track, stream.Integer(0, last), kClipLength, out + row * kClipLength);
    }
  });
  return crops;
}

at::Tensor AugmentRows(const Chain& chain, const at::Tensor& crops, uint32_t step, const AbortFlag& abort) {
  const int64_t rows = crops.size(0);
  at::Tensor views = at::empty({rows, kClipLength}, at::kFloat);
  const auto parameters = chain.Draw(rows, kClipLength, step);
  chain.Apply(crops.const_data_ptr<float>(), rows, kClipLength, parameters, views.mutable_data_ptr<float>(),
              abort);
  return views;
}

}  // namespace clmr
