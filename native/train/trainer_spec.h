#pragma once
// What a training is, complete.
#include <cstdint>
#include <string>

#include "augment/chain.h"
#include "fields.h"
#include "model/precision.h"
#include "objective/objectives.h"
#include "optim/optimizer.h"

namespace clmr {

// joint: one pass, one set of batch statistics. separate (as CLMR trains): a pass a view, the running
// statistics move V times a step.
enum class ViewNorm { joint, separate };

// The options of lib/train/options.ts that are computed with.
struct TrainerSpec {
  static constexpr const char* kName = "TrainerSpec";
  uint64_t seed;
  int64_t batch_size;
  int64_t accumulate;             // batches of a step; the step follows the mean of their gradients
  int64_t chunk_size = 0;         // examples that the encoder sees at once, 0: all of the batch
  double clip_gradient_norm = 0;  // longer gradients are scaled down to it, 0: none
  ViewNorm view_norm;
  bool freeze = false;        // the encoder stays as it is: it computes with running statistics
  bool fused;                 // the encoder's pass as one operation, where that can be had
  PrecisionChoice precision;  // of the activations that it keeps; the trainer settles it
  std::string device;
  Architecture architecture;
  bool tf32 = false;  // on CUDA float32 products may be rounded to TF32
  ObjectiveSpec objective;
  ProjectionSpec projection;
  OptimizerSpec optimizer;
  ChainSpec chain;

  static auto Fields() {
    return std::tuple(
        Field("seed", &TrainerSpec::seed), Field("batchSize", &TrainerSpec::batch_size),
        Field("accumulate", &TrainerSpec::accumulate), OptionalField("chunkSize", &TrainerSpec::chunk_size),
        OptionalField("clipGradientNorm", &TrainerSpec::clip_gradient_norm),
        WordField("viewNorm", &TrainerSpec::view_norm,
                  {{"joint", ViewNorm::joint}, {"separate", ViewNorm::separate}}),
        OptionalField("freeze", &TrainerSpec::freeze),
        WordField("kernels", &TrainerSpec::fused, {{"plain", false}, {"fused", true}}),
        WordField("precision", &TrainerSpec::precision, kPrecisionWords),
        Field("device", &TrainerSpec::device), OptionalField("tf32", &TrainerSpec::tf32),
        Field("architecture", &TrainerSpec::architecture), Field("objective", &TrainerSpec::objective),
        Field("projection", &TrainerSpec::projection), Field("optimizer", &TrainerSpec::optimizer),
        Field("augmenter", &TrainerSpec::chain));
  }
};

}  // namespace clmr
