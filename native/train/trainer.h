#pragma once
// Training of SampleCNN: one step is one call. A step either happens or does not: an abort, a failing read
// or a value that is not finite leaves weights, running statistics and optimizer as they were.
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
#include "optim/gradients.h"
#include "optim/optimizer.h"
#include "train/batch.h"
#include "train/batch_loader.h"
#include "train/encode_views.h"
#include "train/feed.h"
#include "train/trainer_spec.h"

namespace clmr {

struct StepResult {
  static constexpr const char* kName = "NativeStepResult";
  int64_t step = 0;  // steps done, this one included
  double loss = 0, gradient_norm = 0;
  Metrics metrics;                       // what the objective tells of the batch
  double data_seconds = 0, seconds = 0;  // waiting for the batch; all
  double learning_rate = 0;

  static auto Fields() {
    return std::tuple(Field("step", &StepResult::step), Field("loss", &StepResult::loss),
                      Field("gradientNorm", &StepResult::gradient_norm),
                      Field("metrics", &StepResult::metrics), Field("lr", &StepResult::learning_rate),
                      Field("dataSeconds", &StepResult::data_seconds),
                      Field("seconds", &StepResult::seconds));
  }
};

struct LearningRates {
  LearningRates(double all) : encoder(all), heads(all) {}
  LearningRates(double of_encoder, double of_heads) : encoder(of_encoder), heads(of_heads) {}

  double encoder, heads;  // heads: all that the objective adds to the encoder
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

class Trainer {
 public:
  // Weights that are not given are drawn from the seed. Without a source only StepOnViews and Validate work.
  // labels [tracks, K]: of the source, for an objective that learns from them.
  // crop_seed: where it is not that of the chain.
  Trainer(TrainerSpec spec, const std::optional<NamedTensors>& encoder,
          const std::optional<NamedTensors>& projector, std::shared_ptr<const CropSource> source,
          at::Tensor labels, std::optional<uint64_t> crop_seed);

  // One at a time; a second caller waits.
  StepResult Step(LearningRates rates, const AbortFlag& abort);
  // In `accumulate` batches of equal size; takes the place of a step on the source in the count of steps.
  StepResult StepOnViews(const LabelledViews& views, LearningRates rates, const AbortFlag& abort);
  // The mean loss over the whole batches of `source`, with running statistics, on views that are the same at
  // every call; nothing moves. labels [tracks, K] as above.
  double Validate(const CropSource& source, const at::Tensor& labels, const AbortFlag& abort);

  // What the option came to here.
  Precision ComputesIn() const { return Settled(spec_.precision); }
  // Copies on the CPU, taken between two steps: they do not tell which device they come from.
  TrainerState State();
  // Throws ERR_CHECKPOINT; then nothing has changed.
  void Restore(const TrainerState& state);

  // Throw ERR_CONFIG without a source.
  int64_t StepsPerEpoch() const { return Order().StepsPerEpoch(); }
  std::vector<int64_t> Batch(int64_t step) const { return Order().Tracks(step); }

  // An encoder that follows: it embeds with what the last finished step left. Always the same one.
  std::shared_ptr<Encoder> LiveEncoder();
  // embeddings [N, E] → projections [N, D] with what the last finished step left
  at::Tensor Project(const at::Tensor& embeddings);
  int64_t Bytes() const;
  int64_t ClipLength() const { return spec_.architecture.clip_length; }
  int64_t EmbeddingSize() const { return spec_.architecture.EmbeddingSize(); }

 private:
  // Encoder and objective of one step: the weights of the trainer, with running statistics of their own.
  // Where the step comes to its end they take the place of the trainer's.
  struct Draft {
    SampleCnn encoder;
    std::unique_ptr<Objective> objective;
  };

  const BatchOrder& Order() const;
  void CheckBatch(const LabelledViews& views, int64_t batches) const;
  // The stages of a step, see step.cc.
  LabelledViews MakeBatch(int64_t step, const AbortFlag& abort) const;
  StepResult Learn(const LabelledViews& views, LearningRates rates, const AbortFlag& abort);
  LabelledViews Part(const LabelledViews& all, int64_t i) const;
  ObjectiveInput Encode(const SampleCnn& encoder, const Objective& objective, const LabelledViews& batch,
                        bool training, const AbortFlag& abort) const;
  void Backward(const Draft& draft, const LabelledViews& batch, const ObjectiveInput& input,
                const at::Tensor& loss, const AbortFlag& abort) const;
  void Update(Draft draft, const Gradients& gradients, LearningRates rates, StepResult& result,
              const AbortFlag& abort);
  // What the optimizer moves: of the encoder, unless it is frozen, and of the objective.
  std::vector<NamedTensors> ParameterGroups() const;
  NamedTensors Parameters() const;  // all of them
  bool BackwardInChunks(const at::Tensor& views) const { return !spec_.freeze && InChunks(spec_, views); }
  void Adopt(SampleCnn encoder, std::unique_ptr<Objective> objective);

  TrainerSpec spec_;
  const c10::Device device_;  // of weights, statistics, optimiser and all that the objective keeps
  Chain chain_;
  Feed feed_;
  std::shared_ptr<const CropSource> source_;
  at::Tensor labels_;  // [tracks, K], or undefined
  std::optional<BatchOrder> order_;

  // Held for a whole step; guards all below.
  std::mutex step_mutex_;
  // Held for the moment in which weights change, or are read by others than the step.
  std::mutex weights_mutex_;
  SampleCnn encoder_;
  std::unique_ptr<Objective> objective_;
  std::optional<Optimizer> optimizer_;
  int64_t step_ = 0;
  std::unique_ptr<const Encoder>
      frozen_;                     // encoder_ made ready, where it is frozen and runs fused; else null
  std::shared_ptr<Encoder> live_;  // null until somebody asks for it
  // Last, so that its thread ends before what MakeBatch reads is destroyed.
  BatchLoader loader_{[this](int64_t step, const AbortFlag& abort) { return MakeBatch(step, abort); }};
};

}  // namespace clmr
