#pragma once
// What a training is, complete.
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>

#include "augment/chain.h"
#include "fields.h"
#include "objective/objectives.h"
#include "optim/optimizer.h"

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

}  // namespace clmr
