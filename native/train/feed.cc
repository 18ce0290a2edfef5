#include "train/feed.h"

#include <ATen/core/Tensor.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "augment/batch.h"
#include "model/sample_cnn.h"

namespace clmr {

Feed::Feed(c10::Device device) : device_(device) {
  if (!device.is_cpu())
    stream_ =
        c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device, /*isHighPriority=*/false);
}

at::Tensor Feed::Load(const CropSource& source, const std::vector<int64_t>& tracks, const Chain& chain,
                      uint32_t step, const AbortFlag& abort) const {
  if (!stream_) return LoadCrops(source, tracks, chain, step, abort);
  const at::Tensor pcm = LoadPinnedPcm16(source, tracks, chain, step, abort);
  const c10::StreamGuard on_own_stream(*stream_);
  return pcm.to(at::TensorOptions(device_), /*non_blocking=*/true).to(at::kFloat).mul_(0x1p-15);
}

LabelledViews Feed::Augment(const at::Tensor& crops, const at::Tensor& labels, const Chain& chain,
                            uint32_t step, const AbortFlag& abort) const {
  if (!stream_) return {AugmentCrops(crops, chain, step, abort), labels};
  const c10::StreamGuard on_own_stream(*stream_);
  const auto parameters = chain.Draw(crops.size(0) / chain.spec().views, crops.size(1), step);
  LabelledViews batch{augment::ApplyToBatch(crops, parameters, chain.spec().sample_rate, abort), {}};
  if (labels.defined()) batch.labels = labels.to(device_);
  stream_->synchronize();
  // The step reads them on the stream that every thread begins with; till then their memory is not used anew.
  const c10::Stream of_step = c10::impl::VirtualGuardImpl(device_.type()).getDefaultStream(device_);
  batch.views.record_stream(of_step);
  if (batch.labels.defined()) batch.labels.record_stream(of_step);
  return batch;
}

LabelledViews Feed::Take(const LabelledViews& given) const {
  return {given.views.to(device_), given.labels.defined() ? given.labels.to(device_) : given.labels};
}

}  // namespace clmr
