// NativeTrain of binding.ts.
#include <ATen/ops/from_blob.h>

#include "bindings/async_work.h"
#include "bindings/augment_convert.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"
#include "bindings/handle.h"
#include "model/encoder.h"
#include "train/trainer.h"

namespace clmr::bindings {
namespace {

constexpr const char* kName = "the trainer";

OptimizerSpec ToOptimizerSpec(Napi::Object js) {
  const std::string name = StringAt(js, "name");
  if (name == "adam") {
    const auto [beta1, beta2] = RangeAt(js, "betas");
    return AdamSpec{beta1, beta2, NumberAt(js, "eps"), NumberAt(js, "weightDecay")};
  }
  if (name == "sgd")
    return SgdSpec{NumberAt(js, "momentum"), NumberAt(js, "weightDecay"), BooleanAt(js, "nesterov")};
  if (name == "lars")
    return LarsSpec{NumberAt(js, "momentum"), NumberAt(js, "weightDecay"), NumberAt(js, "trustCoefficient"),
                    BooleanAt(js, "excludeBiasAndNorm")};
  throw Error("ERR_CONFIG", "there is no optimizer " + name);
}

bool Holds(Napi::Object js, const char* name) { return !js.Get(name).IsUndefined(); }

ObjectiveSpec ToObjectiveSpec(Napi::Object js) {
  const std::string name = StringAt(js, "name");
  if (name == "ntXent")
    return NtXentSpec{NumberAt(js, "temperature"),
                      Holds(js, "learnTemperature") && BooleanAt(js, "learnTemperature")};
  if (name == "infoNce")
    return InfoNceSpec{NumberAt(js, "temperature"), NumberAt(js, "momentum"), IntegerAt(js, "queue")};
  if (name == "byol")
    return ByolSpec{NumberAt(js, "momentum"), Holds(js, "scheduleSteps") ? IntegerAt(js, "scheduleSteps") : 0,
                    IntegerAt(js, "predictorHidden")};
  if (name == "supervised")
    return SupervisedSpec{Holds(js, "classes") ? IntegerAt(js, "classes") : 0,
                          Holds(js, "multilabel") && BooleanAt(js, "multilabel"), NumberAt(js, "dropout")};
  throw Error("ERR_CONFIG", "there is no objective " + name);
}

TrainerSpec ToTrainerSpec(Napi::Object js) {
  const std::string device = StringAt(js, "device");
  if (device != "cpu" && device != "auto")
    throw Error("ERR_DEVICE", "training runs on the CPU only, not on " + device);
  TrainerSpec spec;
  spec.seed = static_cast<uint64_t>(IntegerAt(js, "seed"));
  spec.batch_size = IntegerAt(js, "batchSize");
  spec.accumulate = IntegerAt(js, "accumulate");
  spec.chunk_size = js.Get("chunkSize").IsUndefined() ? 0 : IntegerAt(js, "chunkSize");
  spec.clip_gradient_norm = js.Get("clipGradientNorm").IsUndefined() ? 0 : NumberAt(js, "clipGradientNorm");
  spec.view_norm = StringAt(js, "viewNorm") == "separate" ? ViewNorm::separate : ViewNorm::joint;
  spec.fused = StringAt(js, "kernels") == "fused";
  spec.kept = StringAt(js, "precision") == "bfloat16" ? at::kBFloat16 : at::kFloat;
  spec.objective = ToObjectiveSpec(ObjectAt(js, "objective"));
  spec.projection = {IntegerAt(ObjectAt(js, "projection"), "hidden"),
                     IntegerAt(ObjectAt(js, "projection"), "out")};
  spec.optimizer = ToOptimizerSpec(ObjectAt(js, "optimizer"));
  spec.chain = ToChainSpec(js.Get("chain"));
  return spec;
}

std::shared_ptr<Trainer> ToTrainer(Napi::Value js) { return Handle<Trainer>::Unwrap(js, kName); }

std::optional<NamedTensors> ToState(Napi::Value js, const char* name) {
  if (js.IsUndefined()) return std::nullopt;
  return ToNamedTensors(js, name);
}

// [rows, cols] over the caller's memory
at::Tensor ToMatrix(Napi::Value js, const char* name, int64_t rows, int64_t cols) {
  const FloatSpan span = ToFloats(js, name);
  if (rows < 1 || span.size != rows * cols)
    throw Error("ERR_SHAPE", std::string(name) + " holds " + std::to_string(span.size) +
                                 " values instead of " + std::to_string(rows) + " rows of " +
                                 std::to_string(cols));
  return at::from_blob(span.data, {rows, cols}, at::kFloat);
}

// { data, rows, cols } over the caller's memory; undefined where there are none
at::Tensor ToLabels(Napi::Value js) {
  if (js.IsUndefined()) return {};
  auto matrix = js.As<Napi::Object>();
  return ToMatrix(matrix.Get("data"), "labels", IntegerAt(matrix, "rows"), IntegerAt(matrix, "cols"));
}

Napi::Array ToArray(Napi::Env env, const std::vector<int64_t>& values) {
  auto array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i)
    array.Set(i, Napi::Number::New(env, static_cast<double>(values[i])));
  return array;
}

Napi::Value ToJs(Napi::Env env, const StepResult& result, double learning_rate) {
  auto js = Napi::Object::New(env);
  js.Set("step", static_cast<double>(result.step));
  js.Set("loss", result.loss);
  js.Set("gradientNorm", result.gradient_norm);
  auto metrics = Napi::Object::New(env);
  for (const auto& [name, value] : result.metrics) metrics.Set(name, value);
  js.Set("metrics", metrics);
  js.Set("learningRate", learning_rate);
  js.Set("dataSeconds", result.data_seconds);
  js.Set("seconds", result.seconds);
  js.Set("tracks", ToArray(env, result.tracks));
  return js;
}

// Resolves to a handle; the weights are drawn or copied off the JavaScript thread.
Napi::Value Create(const Napi::CallbackInfo& info) {
  TrainerSpec spec = ToTrainerSpec(info[0].As<Napi::Object>());
  auto encoder = ToState(info[1], "encoder"), projector = ToState(info[2], "projector");
  std::shared_ptr<CropSource> source;
  if (!info[3].IsUndefined()) source = Handle<CropSource>::Unwrap(info[3], "the crop source");
  at::Tensor labels = ToLabels(info[4]);
  if (labels.defined()) labels = labels.clone();
  return RunAsync(info.Env(), std::make_shared<AbortFlag>(false), {}, [=](const AbortFlag&) -> Finish {
    auto trainer = std::make_shared<Trainer>(spec, encoder, projector, source, labels);
    return [trainer](Napi::Env env) { return Handle<Trainer>::Wrap(env, trainer, kName, trainer->Bytes()); };
  });
}

Napi::Value Step(const Napi::CallbackInfo& info) {
  auto trainer = ToTrainer(info[0]);
  const double learning_rate = ToNumber(info[1], "learningRate");
  return RunAsync(info.Env(), ToAbortFlag(info[2]), {}, [=](const AbortFlag& abort) -> Finish {
    const StepResult result = trainer->Step(learning_rate, abort);
    return [=](Napi::Env env) { return ToJs(env, result, learning_rate); };
  });
}

Napi::Value StepOnViews(const Napi::CallbackInfo& info) {
  auto trainer = ToTrainer(info[0]);
  const at::Tensor views = ToMatrix(info[1], "views", ToInteger(info[2], "rows"), kClipLength);
  const at::Tensor labels = ToLabels(info[3]);
  const double learning_rate = ToNumber(info[4], "learningRate");
  return RunAsync(info.Env(), ToAbortFlag(info[5]), {info[1], info[3]},
                  [=](const AbortFlag& abort) -> Finish {
                    const StepResult result = trainer->StepOnViews({views, labels}, learning_rate, abort);
                    return [=](Napi::Env env) { return ToJs(env, result, learning_rate); };
                  });
}

Napi::Value Validate(const Napi::CallbackInfo& info) {
  auto trainer = ToTrainer(info[0]);
  auto source = Handle<CropSource>::Unwrap(info[1], "the crop source");
  const at::Tensor labels = ToLabels(info[2]);
  return RunAsync(info.Env(), ToAbortFlag(info[3]), {info[2]}, [=](const AbortFlag& abort) -> Finish {
    const double loss = trainer->Validate(*source, labels, abort);
    return [=](Napi::Env env) { return Napi::Number::New(env, loss); };
  });
}

Napi::Value Project(const Napi::CallbackInfo& info) {
  auto trainer = ToTrainer(info[0]);
  const at::Tensor embeddings = ToMatrix(info[1], "embeddings", ToInteger(info[2], "n"), kEmbeddingSize);
  return RunAsync(info.Env(), std::make_shared<AbortFlag>(false), {info[1]}, [=](const AbortFlag&) -> Finish {
    const at::Tensor projections = trainer->Project(embeddings);
    return [=](Napi::Env env) { return ToFloat32Array(env, projections); };
  });
}

Napi::Value State(const Napi::CallbackInfo& info) {
  auto trainer = ToTrainer(info[0]);
  return RunAsync(info.Env(), std::make_shared<AbortFlag>(false), {}, [=](const AbortFlag&) -> Finish {
    const TrainerState state = trainer->State();
    return [=](Napi::Env env) -> Napi::Value {
      auto js = Napi::Object::New(env);
      js.Set("tensors", ToStateDict(env, state.tensors));
      js.Set("step", static_cast<double>(state.step));
      js.Set("epoch", static_cast<double>(state.epoch));
      return js;
    };
  });
}

Napi::Value Restore(const Napi::CallbackInfo& info) {
  auto trainer = ToTrainer(info[0]);
  auto js = info[1].As<Napi::Object>();
  TrainerState state;
  state.tensors = ToNamedTensors(js.Get("tensors"), "tensors");
  state.step = IntegerAt(js, "step");
  return RunAsync(info.Env(), std::make_shared<AbortFlag>(false), {}, [=](const AbortFlag&) -> Finish {
    trainer->Restore(state);
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

Napi::Value StepsPerEpoch(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(ToTrainer(info[0])->StepsPerEpoch()));
}

Napi::Value Batch(const Napi::CallbackInfo& info) {
  return ToArray(info.Env(), ToTrainer(info[0])->Batch(ToInteger(info[1], "step")));
}

Napi::Value LiveEncoder(const Napi::CallbackInfo& info) {
  auto encoder = ToTrainer(info[0])->LiveEncoder();
  const int64_t bytes = encoder->Bytes();
  return Handle<Encoder>::Wrap(info.Env(), std::move(encoder), "Encoder", bytes);
}

}  // namespace

void ExportTrain(Napi::Object exports) {
  Export(exports, "trainerCreate", Create);
  Export(exports, "trainerStep", Step);
  Export(exports, "trainerStepOnViews", StepOnViews);
  Export(exports, "trainerValidate", Validate);
  Export(exports, "trainerProject", Project);
  Export(exports, "trainerState", State);
  Export(exports, "trainerRestore", Restore);
  Export(exports, "trainerStepsPerEpoch", StepsPerEpoch);
  Export(exports, "trainerBatch", Batch);
  Export(exports, "trainerEncoder", LiveEncoder);
}

}  // namespace clmr::bindings
