// NativeTrain of binding.ts.
#include <ATen/ops/from_blob.h>

#include "bindings/augment_convert.h"
#include "bindings/exports.h"
#include "bindings/function.h"
#include "model/encoder.h"
#include "train/trainer.h"

namespace clmr::bindings {
namespace {

using TrainerPointer = std::shared_ptr<Trainer>;
using AbortPointer = std::shared_ptr<AbortFlag>;

// Rows of 0 and 1 over the caller's memory.
struct LabelMatrix {
  static constexpr const char* kName = "LabelMatrix";
  FloatSpan data;
  int64_t rows, cols;

  static auto Fields() {
    return std::tuple(Field("data", &LabelMatrix::data), Field("rows", &LabelMatrix::rows),
                      Field("cols", &LabelMatrix::cols));
  }
};

// [rows, cols] over the caller's memory
at::Tensor ToMatrix(FloatSpan span, const char* name, int64_t rows, int64_t cols) {
  if (rows < 1 || span.size != rows * cols)
    throw Error("ERR_SHAPE", std::string(name) + " holds " + std::to_string(span.size) +
                                 " values instead of " + std::to_string(rows) + " rows of " +
                                 std::to_string(cols));
  return at::from_blob(span.data, {rows, cols}, at::kFloat);
}

// Undefined where there are none.
at::Tensor ToTensor(const std::optional<LabelMatrix>& labels) {
  return labels ? ToMatrix(labels->data, "labels", labels->rows, labels->cols) : at::Tensor();
}

// The weights are drawn or copied off the JavaScript thread.
Promise<TrainerPointer> Create(const Call& call, TrainerSpec spec, std::optional<NamedTensors> encoder,
                               std::optional<NamedTensors> projector,
                               std::optional<std::shared_ptr<CropSource>> source,
                               std::optional<LabelMatrix> label_matrix, std::optional<uint64_t> crop_seed) {
  at::Tensor labels = ToTensor(label_matrix);
  if (labels.defined()) labels = labels.clone();
  return Async(call, [=](const AbortFlag&) {
    return std::make_shared<Trainer>(spec, encoder, projector, source.value_or(nullptr), labels, crop_seed);
  });
}

Promise<StepResult> Step(const Call& call, TrainerPointer trainer, double heads, double encoder,
                         AbortPointer abort) {
  const LearningRates rates{encoder, heads};
  return Async(call, abort, [=](const AbortFlag& abort) { return trainer->Step(rates, abort); });
}

Promise<StepResult> StepOnViews(const Call& call, TrainerPointer trainer, FloatSpan samples, int64_t rows,
                                std::optional<LabelMatrix> label_matrix, double heads, double encoder,
                                AbortPointer abort) {
  const LearningRates rates{encoder, heads};
  const LabelledViews views{ToMatrix(samples, "views", rows, trainer->ClipLength()), ToTensor(label_matrix)};
  return Async(call, abort,
               [=](const AbortFlag& abort) { return trainer->StepOnViews(views, rates, abort); });
}

Promise<double> Validate(const Call& call, TrainerPointer trainer, std::shared_ptr<CropSource> source,
                         std::optional<LabelMatrix> label_matrix, AbortPointer abort) {
  const at::Tensor labels = ToTensor(label_matrix);
  return Async(call, abort,
               [=](const AbortFlag& abort) { return trainer->Validate(*source, labels, abort); });
}

Promise<at::Tensor> Project(const Call& call, TrainerPointer trainer, FloatSpan span, int64_t n) {
  const at::Tensor embeddings = ToMatrix(span, "embeddings", n, trainer->EmbeddingSize());
  return Async(call, [=](const AbortFlag&) { return trainer->Project(embeddings); });
}

Promise<TrainerState> State(const Call& call, TrainerPointer trainer) {
  return Async(call, [=](const AbortFlag&) { return trainer->State(); });
}

Promise<void> Restore(const Call& call, TrainerPointer trainer, TrainerState state) {
  return Async(call, [=](const AbortFlag&) { trainer->Restore(state); });
}

std::string ComputesIn(const Call&, TrainerPointer trainer) {
  return WordOf(kPrecisionWords, ChoiceOf(trainer->ComputesIn()));
}

int64_t StepsPerEpoch(const Call&, TrainerPointer trainer) { return trainer->StepsPerEpoch(); }

std::vector<int64_t> Batch(const Call&, TrainerPointer trainer, int64_t step) { return trainer->Batch(step); }

std::shared_ptr<Encoder> LiveEncoder(const Call&, TrainerPointer trainer) { return trainer->LiveEncoder(); }

}  // namespace

void ExportTrain(Napi::Object exports) {
  Export(exports, "trainerCreate", Create, {"spec", "encoder", "projector", "source", "labels", "cropSeed"});
  Export(exports, "trainerStep", Step, {"trainer", "learningRate", "encoderLearningRate", "abort"});
  Export(exports, "trainerStepOnViews", StepOnViews,
         {"trainer", "views", "rows", "labels", "learningRate", "encoderLearningRate", "abort"});
  Export(exports, "trainerValidate", Validate, {"trainer", "source", "labels", "abort"});
  Export(exports, "trainerProject", Project, {"trainer", "embeddings", "n"});
  Export(exports, "trainerState", State, {"trainer"});
  Export(exports, "trainerRestore", Restore, {"trainer", "state"});
  Export(exports, "trainerPrecision", ComputesIn, {"trainer"});
  Export(exports, "trainerStepsPerEpoch", StepsPerEpoch, {"trainer"});
  Export(exports, "trainerBatch", Batch, {"trainer", "step"});
  Export(exports, "trainerEncoder", LiveEncoder, {"trainer"});
}

}  // namespace clmr::bindings
