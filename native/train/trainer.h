#pragma once
// Training of SampleCNN: one step is one call. A step either happens or does not: an abort, a failing read
// or a value that is not finite leaves weights, running statistics and optimiser as they were.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "augment/chain.h"
#include "cache/crop_source.h"
#include "error.h"
#include "fields.h"
#include "model/encoder.h"
#include "model/sample_cnn.h"
#include "objective/objectives.h"
#include "optim/optimizer.h"
#include "train/batch.h"
#include "train/batch_loader.h"

namespace clmr {

// joint: one pass, one set of batch statistics. separate (as CLMR trains): a pass a view, the running
// statistics move V times a step.
enum class ViewNorm { joint, separate };

// The options of lib/train/options.ts that are computed with.
struct TrainerSpec {
  static constexpr const char* kName = "TrainerSpec";
  uint64_t seed = 42;
  int64_t batch_size = 48;
  int64_t accumulate = 1;         // batches of a step; the step follows the mean of their gradients
  int64_t chunk_size = 0;         // examples that the encoder sees at once, 0: all of the batch
  double clip_gradient_norm = 0;  // longer gradients are scaled down to it, 0: none
  ViewNorm view_norm = ViewNorm::joint;
  bool fused = false;                // the encoder's pass as one operation, where that can be had
  at::ScalarType kept = at::kFloat;  // what it keeps activations as: float32 or bfloat16
  std::string device = "cpu";
  ObjectiveSpec objective;
  ProjectionSpec projection;
  OptimizerSpec optimizer;
  ChainSpec chain;

  static auto Fields() {
    return std::tuple(
        Field("seed", &TrainerSpec::seed), Field("batchSize", &TrainerSpec::batch_size),
        Field("accumulate", &TrainerSpec::accumulate), OptionalField("chunkSize", &TrainerSpec::chunk_size),
        OptionalField("clipGradientNorm", &TrainerSpec::clip_gradient_norm),
        ChoiceField("viewNorm", &TrainerSpec::view_norm,
                    {{"joint", ViewNorm::joint}, {"separate", ViewNorm::separate}}),
        ChoiceField("kernels", &TrainerSpec::fused, {{"plain", false}, {"fused", true}}),
        ChoiceField("precision", &TrainerSpec::kept, {{"float32", at::kFloat}, {"bfloat16", at::kBFloat16}}),
        Field("device", &TrainerSpec::device), Field("objective", &TrainerSpec::objective),
        Field("projection", &TrainerSpec::projection), Field("optimizer", &TrainerSpec::optimizer),
        Field("augmenter", &TrainerSpec::chain));
  }
};

struct StepResult {
  static constexpr const char* kName = "NativeStepResult";
  int64_t step = 0;  // steps done, this one included
  double loss = 0, gradient_norm = 0;
  Metrics metrics;                       // what the objective tells of the batch
  double data_seconds = 0, seconds = 0;  // waiting for the batch; all
  double learning_rate = 0;
  std::vector<int64_t> tracks;  // [B · accumulate]; empty for views that the caller gave

  static auto Fields() {
    return std::tuple(
        Field("step", &StepResult::step), Field("loss", &StepResult::loss),
        Field("gradientNorm", &StepResult::gradient_norm), Field("metrics", &StepResult::metrics),
        Field("learningRate", &StepResult::learning_rate), Field("dataSeconds", &StepResult::data_seconds),
        Field("seconds", &StepResult::seconds), Field("tracks", &StepResult::tracks));
  }
};

struct TrainerState {
  static constexpr const char* kName = "TrainerState";
  NamedTensors tensors;  // `encoder.*`, `optimizer.*`, and those of the objective
  int64_t step = 0, epoch = 0;

  static auto Fields() {
    return std::tuple(Field("tensors", &TrainerState::tensors), Field("step", &TrainerState::step),
                      Field("epoch", &TrainerState::epoch));
  }
};

// views [B·V, 59049], row = example·V + view; labels [B, K] of 0 and 1, undefined where there are none
struct LabelledViews {
  at::Tensor views, labels;
};

class Trainer {
 public:
  // Weights that are not given are drawn from the seed. Without a source only StepOnViews and Evaluate work.
  // labels [tracks, K]: of the source, for an objective that learns from them.
  Trainer(TrainerSpec spec, const std::optional<NamedTensors>& encoder,
          const std::optional<NamedTensors>& projector, std::shared_ptr<const CropSource> source,
          at::Tensor labels);

  // One at a time; a second caller waits.
  StepResult Step(double learning_rate, const AbortFlag& abort);
  // In `accumulate` batches of equal size; takes the place of a step on the source in the count of steps.
  StepResult StepOnViews(const LabelledViews& views, double learning_rate, const AbortFlag& abort);
  // The loss with running statistics; nothing moves.
  double Evaluate(const LabelledViews& views, const AbortFlag& abort);
  // The mean loss over the whole batches of `source`, on views that are the same at every call; labels
  // [tracks, K] as above.
  double Validate(const CropSource& source, const at::Tensor& labels, const AbortFlag& abort);

  // Copies, taken between two steps.
  TrainerState State();
  // Throws ERR_CHECKPOINT; then nothing has changed.
  void Restore(const TrainerState& state);

  // Throw ERR_CONFIG without a source.
  int64_t StepsPerEpoch() const { return Order().StepsPerEpoch(); }
  std::vector<int64_t> Batch(int64_t step) const { return Order().Tracks(step); }

  // An encoder that follows: it embeds with what the last finished step left. Always the same one.
  std::shared_ptr<Encoder> LiveEncoder();
  // embeddings [N, 512] → projections [N, D] with what the last finished step left
  at::Tensor Project(const at::Tensor& embeddings);
  int64_t Bytes() const;

 private:
  const BatchOrder& Order() const;
  void CheckViews(const LabelledViews& views, int64_t batches) const;
  // The batch of a step on the source: crops, augmented.
  LoadedBatch Load(int64_t step, const AbortFlag& abort) const;
  StepResult Run(const LabelledViews& views, double learning_rate, const AbortFlag& abort);
  at::Tensor Encode(const SampleCnn& encoder, const at::Tensor& views, ViewRange range, bool training,
                    const AbortFlag& abort) const;
  // A batch forward and backward, `share` of its loss: gradients add up in the parameters, and the batch in
  // `result`.
  void Learn(const SampleCnn& encoder, Objective& objective, const LabelledViews& batch, int64_t first_row,
             double share, StepResult& result, const AbortFlag& abort) const;
  // What `objective` compares, of `encoder` in the place of the trainer's own.
  ObjectiveInput Embed(const SampleCnn& encoder, const Objective& objective, const LabelledViews& batch,
                       bool training, const AbortFlag& abort) const;
  NamedTensors Parameters() const;  // what the optimiser moves
  void Adopt(SampleCnn encoder, std::unique_ptr<Objective> objective);

  TrainerSpec spec_;
  Chain row_chain_;  // views = 1: it sees every row as an example
  Windows windows_;
  std::shared_ptr<const CropSource> source_;
  at::Tensor labels_;  // [tracks, K], or undefined
  std::optional<BatchOrder> order_;

  std::mutex step_mutex_;  // held for a whole step; guards all below
  std::mutex
      weights_mutex_;  // held for the moment in which weights change or are read by others than the step
  SampleCnn encoder_;
  std::unique_ptr<Objective> objective_;
  std::optional<Optimizer> optimizer_;
  int64_t step_ = 0;
  std::shared_ptr<Encoder> live_;  // null until somebody asks for it
  BatchLoader loader_{
      [this](int64_t step, const AbortFlag& abort) { return Load(step, abort); }};  // the first to go
};

}  // namespace clmr
