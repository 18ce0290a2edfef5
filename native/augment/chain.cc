#include "augment/chain.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>

#include "augment/batch.h"
#include "augment/transform.h"
#include "device/device.h"

namespace clmr {
namespace {

using augment::FindTransform;
using augment::Row;
using augment::TransformType;

constexpr const char* kCrop = "randomCrop";

void CheckLength(int64_t length, int64_t clip_length) {
  if (length < clip_length)
    throw Error("ERR_SHAPE", "rows of " + std::to_string(length) + " samples are shorter than a clip of " +
                                 std::to_string(clip_length));
}

// Where the view is read: at the drawn start, or in the middle where there is no crop.
int64_t StartOf(const ViewParameters& view, int64_t length, int64_t clip_length) {
  if (!view.empty() && view.front().name == kCrop && view.front().applied)
    return static_cast<int64_t>(augment::NumberParameter(view.front(), "start"));
  return (length - clip_length) / 2;
}

void CheckView(const ViewParameters& view, int64_t length, const ChainSpec& spec, const std::string& where) {
  for (size_t i = 0; i < view.size(); ++i) {
    augment::CheckApplied(view[i], spec.sample_rate, where + "[" + std::to_string(i) + "]");
    if (i > 0 && view[i].name == kCrop) throw Error("ERR_ARGUMENT", where + ": a crop can only come first");
  }
  const int64_t start = StartOf(view, length, spec.clip_length);
  if (start > length - spec.clip_length)
    throw Error("ERR_ARGUMENT",
                where + ": a crop at " + std::to_string(start) + " reaches past the end of the row");
}

// Steps that need one sample at a time gather in a pass until one comes that needs the whole row.
void ApplyView(const float* source, const ViewParameters& view, Row row) {
  kernels::PointwisePass pass;
  const auto run = [&] {
    if (source == row.samples && pass.empty()) return;
    kernels::pointwise_f32(source, pass, row.samples, row.n);
    source = row.samples;
    pass = {};
  };
  for (const AppliedTransform& applied : view) {
    const TransformType* type = FindTransform(applied.name);
    if (!applied.applied) continue;
    if (type->fold && !type->fold(applied, row.sample_rate, pass)) {
      run();
      type->fold(applied, row.sample_rate, pass);
    }
    if (type->apply) {
      run();
      type->apply(applied, row);
    }
  }
  run();
}

}  // namespace

Chain::Chain(ChainSpec spec, std::optional<uint64_t> crop_seed)
    : spec_(std::move(spec)), crop_seed_(crop_seed.value_or(spec_.seed)) {
  for (size_t i = 0; i < spec_.transforms.size(); ++i) {
    augment::CheckSpec(spec_.transforms[i], spec_.sample_rate);
    if (i > 0 && spec_.transforms[i].name == kCrop)
      throw Error("ERR_CONFIG", "randomCrop must be the first transform");
  }
  if (spec_.views < 1 || spec_.clip_length < 1 || !(spec_.sample_rate > 0))
    throw Error("ERR_CONFIG", "views, clip length and sample rate must be above 0");
}

bool Chain::Crops() const { return !spec_.transforms.empty() && spec_.transforms.front().name == kCrop; }

// Crops have a stream of their own, so that they can be drawn without the rest of the chain.
std::vector<int64_t> Chain::DrawStarts(const std::vector<int64_t>& lengths, uint32_t step) const {
  std::vector<int64_t> starts(lengths.size() * spec_.views);
  const bool every_view = Crops();
  for (size_t row = 0; row < starts.size(); ++row) {
    const size_t example = row / spec_.views, drawn_for = every_view ? row : example * spec_.views;
    random::Stream stream(crop_seed_, random::Purpose::crop, step, static_cast<uint32_t>(drawn_for), 0);
    starts[row] = stream.Integer(0, std::max<int64_t>(0, lengths[example] - spec_.clip_length));
  }
  return starts;
}

std::vector<ViewParameters> Chain::Draw(int64_t n, int64_t length, uint32_t step) const {
  CheckLength(length, spec_.clip_length);
  std::vector<ViewParameters> rows(n * spec_.views);
  const std::vector<int64_t> starts =
      Crops() ? DrawStarts(std::vector<int64_t>(n, length), step) : std::vector<int64_t>(rows.size(), 0);
  for (size_t row = 0; row < rows.size(); ++row) {
    for (size_t place = 0; place < spec_.transforms.size(); ++place) {
      const TransformSpec& transform = spec_.transforms[place];
      random::Stream stream(spec_.seed, random::Purpose::transform, step, static_cast<uint32_t>(row),
                            static_cast<uint16_t>(place));
      AppliedTransform drawn{transform.name, stream.Uniform() < transform.p, {}};
      FindTransform(transform.name)->draw(transform, {starts[row]}, stream, drawn);
      rows[row].push_back(std::move(drawn));
    }
  }
  return rows;
}

void Chain::Apply(const float* batch, int64_t n, int64_t length,
                  const std::vector<ViewParameters>& parameters, float* out, const AbortFlag& abort) const {
  CheckLength(length, spec_.clip_length);
  const int64_t rows = n * spec_.views;
  if (static_cast<int64_t>(parameters.size()) != rows)
    throw Error("ERR_SHAPE", "parameters of " + std::to_string(parameters.size()) + " views, but " +
                                 std::to_string(rows) + " are needed: examples · views");
  for (int64_t r = 0; r < rows; ++r)
    CheckView(parameters[r], length, spec_, "parameters[" + std::to_string(r) + "]");
  const c10::Device device = ResolveDeviceOfCall(spec_.device);
  if (device.is_cpu()) return Run(batch, length, spec_.views, parameters, out, abort);
  ApplyThere(device, batch, n, length, parameters, out, abort);
}

void Chain::ApplyThere(c10::Device device, const float* batch, int64_t n, int64_t length,
                       const std::vector<ViewParameters>& parameters, float* out,
                       const AbortFlag& abort) const {
  const c10::InferenceMode no_gradients;
  const OnDevice here(device);
  const at::Tensor source = at::from_blob(const_cast<float*>(batch), {n, length}, at::kFloat).to(device);
  std::vector<int64_t> examples, starts;
  for (size_t row = 0; row < parameters.size(); ++row) {
    examples.push_back(static_cast<int64_t>(row) / spec_.views);
    starts.push_back(StartOf(parameters[row], length, spec_.clip_length));
  }
  const at::Tensor crops = source.unfold(1, spec_.clip_length, 1)
                               .index({at::tensor(examples).to(device), at::tensor(starts).to(device)});
  const at::Tensor views = augment::ApplyToBatch(crops, parameters, spec_.sample_rate, abort);
  at::from_blob(out, views.sizes(), at::kFloat).copy_(views);
}

void Chain::AugmentCrops(const float* crops, int64_t n, uint32_t step, float* out,
                         const AbortFlag& abort) const {
  Run(crops, spec_.clip_length, 1, Draw(n, spec_.clip_length, step), out, abort);
}

void Chain::Run(const float* batch, int64_t length, int64_t views,
                const std::vector<ViewParameters>& parameters, float* out, const AbortFlag& abort) const {
  const int64_t rows = static_cast<int64_t>(parameters.size()), clip_length = spec_.clip_length;
  // Rows differ in cost, so each thread takes the next one when it is free.
  std::atomic<int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    thread_local kernels::AugmentScratch scratch;
    for (int64_t r = next++; r < rows; r = next++) {
      throw_if_aborted(abort);
      const float* source = batch + r / views * length + StartOf(parameters[r], length, clip_length);
      ApplyView(source, parameters[r], {out + r * clip_length, clip_length, spec_.sample_rate, scratch});
    }
  });
}

}  // namespace clmr
