// NativeEvaluate of binding.ts.
#include <ATen/ops/from_blob.h>

#include "bindings/async_work.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"
#include "bindings/handle.h"
#include "evaluate/probe.h"
#include "evaluate/search.h"

namespace clmr::bindings {
namespace {

constexpr const char* kProbe = "LinearProbe";

// A JavaScript array as rows of `cols`, read in place: keep it alive while the tensor is used.
at::Tensor ToRows(Napi::Value value, const char* name, int64_t cols) {
  const FloatSpan span = ToFloats(value, name);
  if (cols < 1 || span.size % cols != 0)
    throw Error("ERR_SHAPE", std::string(name) + " holds " + std::to_string(span.size) +
                                 " values, not whole rows of " + std::to_string(cols));
  return at::from_blob(span.data, {span.size / cols, cols}, at::kFloat);
}

ProbeSpec ToProbeSpec(Napi::Value value) {
  if (!value.IsObject()) throw Error("ERR_ARGUMENT", "expected an object for spec");
  const auto o = value.As<Napi::Object>();
  ProbeSpec spec{};
  spec.classes = IntegerAt(o, "classes");
  spec.hidden = IntegerAt(o, "hidden");
  spec.multilabel = BooleanAt(o, "multilabel");
  spec.learning_rate = NumberAt(o, "learningRate");
  spec.weight_decay = NumberAt(o, "weightDecay");
  spec.batch_size = IntegerAt(o, "batchSize");
  spec.max_epochs = IntegerAt(o, "maxEpochs");
  spec.plateau_factor = NumberAt(o, "plateauFactor");
  spec.plateau_patience = IntegerAt(o, "plateauPatience");
  spec.stop_patience = IntegerAt(o, "stopPatience");
  spec.seed = static_cast<uint64_t>(IntegerAt(o, "seed"));
  if (spec.classes < 1 || spec.hidden < 0)
    throw Error("ERR_ARGUMENT", "a probe needs classes ≥ 1 and hidden ≥ 0");
  return spec;
}

Napi::Value WrapProbe(Napi::Env env, std::shared_ptr<Probe> probe) {
  const int64_t bytes = probe->Bytes();
  return Handle<Probe>::Wrap(env, std::move(probe), kProbe, bytes);
}

Napi::Object ToHistory(Napi::Env env, const ProbeHistory& history) {
  auto epochs = Napi::Array::New(env, history.epochs.size());
  for (uint32_t i = 0; i < history.epochs.size(); ++i) {
    auto epoch = Napi::Object::New(env);
    epoch.Set("trainLoss", history.epochs[i].train_loss);
    epoch.Set("validLoss", history.epochs[i].valid_loss);
    epoch.Set("learningRate", history.epochs[i].learning_rate);
    epochs.Set(i, epoch);
  }
  auto result = Napi::Object::New(env);
  result.Set("epochs", epochs);
  result.Set("bestEpoch", static_cast<double>(history.best_epoch));
  return result;
}

// E is not named in the call: it is what the training examples have, given K.
int64_t EmbeddingSizeOf(const FloatSpan& x, int64_t examples) {
  if (examples < 1 || x.size < examples || x.size % examples != 0)
    throw Error("ERR_SHAPE", "the training embeddings do not fit the training labels");
  return x.size / examples;
}

Napi::Value ProbeFit(const Napi::CallbackInfo& info) {
  const ProbeSpec spec = ToProbeSpec(info[0]);
  const at::Tensor train_y = ToRows(info[2], "trainY", spec.classes);
  const int64_t size = EmbeddingSizeOf(ToFloats(info[1], "trainX"), train_y.size(0));
  const at::Tensor train_x = ToRows(info[1], "trainX", size);
  const at::Tensor valid_x = ToRows(info[3], "validX", size);
  const at::Tensor valid_y = ToRows(info[4], "validY", spec.classes);
  return RunAsync(info.Env(), ToAbortFlag(info[5]), {info[1], info[2], info[3], info[4]},
                  [=](const AbortFlag& abort) -> Finish {
                    FittedProbe fitted = FitProbe(spec, train_x, train_y, valid_x, valid_y, abort);
                    return [fitted = std::move(fitted)](Napi::Env env) -> Napi::Value {
                      auto result = Napi::Object::New(env);
                      result.Set("probe", WrapProbe(env, fitted.probe));
                      result.Set("history", ToHistory(env, fitted.history));
                      return result;
                    };
                  });
}

Napi::Value ProbeFromState(const Napi::CallbackInfo& info) {
  const ProbeSpec spec = ToProbeSpec(info[0]);
  return WrapProbe(info.Env(),
                   std::make_shared<Probe>(Probe::FromState(spec, ToNamedTensors(info[1], "state"))));
}

Napi::Value ProbeState(const Napi::CallbackInfo& info) {
  return ToStateDict(info.Env(), Handle<Probe>::Unwrap(info[0], kProbe)->State());
}

Napi::Value ProbePredict(const Napi::CallbackInfo& info) {
  const auto probe = Handle<Probe>::Unwrap(info[0], kProbe);
  const at::Tensor x = ToRows(info[1], "x", probe->EmbeddingSize());
  if (x.size(0) != ToInteger(info[2], "n"))
    throw Error("ERR_SHAPE", "x does not hold n embeddings of the probe's size");
  return RunAsync(info.Env(), std::make_shared<AbortFlag>(false), {info[0], info[1]},
                  [=](const AbortFlag&) -> Finish {
                    const at::Tensor p = probe->Predict(x).contiguous();
                    return [p](Napi::Env env) { return ToFloat32Array(env, p); };
                  });
}

Napi::Value TopKOf(const Napi::CallbackInfo& info) {
  const int64_t dim = ToInteger(info[2], "dim"), k = ToInteger(info[3], "k");
  const at::Tensor queries = ToRows(info[0], "queries", dim), rows = ToRows(info[1], "rows", dim);
  return RunAsync(info.Env(), std::make_shared<AbortFlag>(false), {info[0], info[1]},
                  [=](const AbortFlag& abort) -> Finish {
                    const Neighbours found = TopK(queries, rows, k, abort);
                    return [found](Napi::Env env) -> Napi::Value {
                      auto result = Napi::Object::New(env);
                      result.Set("indices", ToInt32Array(env, found.indices));
                      result.Set("scores", ToFloat32Array(env, found.scores));
                      return result;
                    };
                  });
}

Napi::Value PcaOf(const Napi::CallbackInfo& info) {
  const at::Tensor x = ToRows(info[0], "x", ToInteger(info[1], "dim"));
  const int64_t components = ToInteger(info[2], "components");
  return RunAsync(info.Env(), std::make_shared<AbortFlag>(false), {info[0]}, [=](const AbortFlag&) -> Finish {
    const at::Tensor projected = Pca(x, components);
    return [projected](Napi::Env env) { return ToFloat32Array(env, projected); };
  });
}

}  // namespace

void ExportEvaluate(Napi::Object exports) {
  Export(exports, "probeFit", ProbeFit);
  Export(exports, "probeFromState", ProbeFromState);
  Export(exports, "probeState", ProbeState);
  Export(exports, "probePredict", ProbePredict);
  Export(exports, "topK", TopKOf);
  Export(exports, "pca", PcaOf);
}

}  // namespace clmr::bindings
