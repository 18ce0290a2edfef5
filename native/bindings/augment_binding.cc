// NativeAugment of binding.ts.
#include <ATen/ops/empty.h>

#include "augment/chain.h"
#include "bindings/async_work.h"
#include "bindings/augment_convert.h"
#include "bindings/convert.h"
#include "bindings/exports.h"
#include "bindings/guard.h"

namespace clmr::bindings {
namespace {

TransformSpec ToTransformSpec(Napi::Object js) {
  TransformSpec spec;
  auto names = js.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).As<Napi::String>().Utf8Value();
    const Napi::Value value = js.Get(name);
    if (name == "name") {
      spec.name = ToString(value, "name");
    } else if (name == "p") {
      spec.p = ToNumber(value, "p");
    } else if (value.IsNumber()) {
      spec.parameters[name] = ToNumber(value, name.c_str());
    } else if (value.IsString()) {
      spec.parameters[name] = ToString(value, name.c_str());
    } else if (!value.IsUndefined()) {
      spec.parameters[name] = RangeAt(js, name.c_str());
    }
  }
  return spec;
}

// { name, applied, …parameters }
Napi::Object ToJs(Napi::Env env, const AppliedTransform& applied) {
  auto js = Napi::Object::New(env);
  js.Set("name", applied.name);
  js.Set("applied", applied.applied);
  for (const auto& [name, value] : applied.parameters) {
    if (const auto* number = std::get_if<double>(&value)) {
      js.Set(name, *number);
    } else {
      js.Set(name, std::get<std::string>(value));
    }
  }
  return js;
}

AppliedTransform ToAppliedTransform(Napi::Object js) {
  AppliedTransform applied;
  auto names = js.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).As<Napi::String>().Utf8Value();
    const Napi::Value value = js.Get(name);
    if (name == "name") {
      applied.name = ToString(value, "name");
    } else if (name == "applied") {
      applied.applied = BooleanAt(js, "applied");
    } else if (value.IsString()) {
      applied.parameters[name] = ToString(value, name.c_str());
    } else {
      applied.parameters[name] = ToNumber(value, name.c_str());
    }
  }
  return applied;
}

Napi::Array ToArray(Napi::Value value, const char* name) {
  if (!value.IsArray()) throw Error("ERR_ARGUMENT", std::string("expected an array for ") + name);
  return value.As<Napi::Array>();
}

Napi::Object ToObject(Napi::Value value, const char* name) {
  if (!value.IsObject()) throw Error("ERR_ARGUMENT", std::string("expected an object for ") + name);
  return value.As<Napi::Object>();
}

std::vector<ViewParameters> ToParameters(Napi::Value js) {
  auto rows = ToArray(js, "parameters");
  std::vector<ViewParameters> parameters(rows.Length());
  for (uint32_t r = 0; r < rows.Length(); ++r) {
    Napi::HandleScope scope(js.Env());
    auto row = ToArray(rows.Get(r), "a row of parameters");
    for (uint32_t i = 0; i < row.Length(); ++i)
      parameters[r].push_back(ToAppliedTransform(ToObject(row.Get(i), "an applied transform")));
  }
  return parameters;
}

struct Batch {
  const float* samples;
  int64_t n, length;
};

Batch ToBatch(const Napi::CallbackInfo& info, int at) {
  const FloatSpan span = ToFloats(info[at], "batch");
  const Batch batch{span.data, ToInteger(info[at + 1], "n"), ToInteger(info[at + 2], "length")};
  if (batch.n < 1 || batch.length < 1 || span.size != batch.n * batch.length)
    throw Error("ERR_SHAPE", "the batch does not hold n rows of `length` samples");
  return batch;
}

// nullptr where the caller gave none
float* ToOut(Napi::Value value, int64_t size) {
  if (value.IsUndefined()) return nullptr;
  const FloatSpan span = ToFloats(value, "out");
  if (span.size != size) throw Error("ERR_SHAPE", "out does not have the size of the views");
  return span.data;
}

// Applies to `out`, or to a new array that the promise brings.
Finish ApplyTo(const Chain& chain, const Batch& batch, const std::vector<ViewParameters>& parameters,
               float* out, const AbortFlag& abort) {
  if (out) {
    chain.Apply(batch.samples, batch.n, batch.length, parameters, out, abort);
    return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
  }
  at::Tensor views = at::empty({batch.n * chain.spec().views, chain.spec().clip_length}, at::kFloat);
  chain.Apply(batch.samples, batch.n, batch.length, parameters, views.data_ptr<float>(), abort);
  return [views](Napi::Env env) { return ToFloat32Array(env, views); };
}

int64_t ViewsSize(const Chain& chain, const Batch& batch) {
  return batch.n * chain.spec().views * chain.spec().clip_length;
}

// augment(chain, batch, n, length, step, out, abort)
Napi::Value Augment(const Napi::CallbackInfo& info) {
  auto chain = std::make_shared<Chain>(ToChainSpec(info[0]));
  const Batch batch = ToBatch(info, 1);
  const auto step = static_cast<uint32_t>(ToInteger(info[4], "step"));
  float* out = ToOut(info[5], ViewsSize(*chain, batch));
  return RunAsync(info.Env(), ToAbortFlag(info[6]), {info[1], info[5]}, [=](const AbortFlag& abort) {
    return ApplyTo(*chain, batch, chain->Draw(batch.n, batch.length, step), out, abort);
  });
}

// drawTransforms(chain, n, length, step)
Napi::Value DrawTransforms(const Napi::CallbackInfo& info) {
  const Chain chain(ToChainSpec(info[0]));
  const auto rows = chain.Draw(ToInteger(info[1], "n"), ToInteger(info[2], "length"),
                               static_cast<uint32_t>(ToInteger(info[3], "step")));
  auto js = Napi::Array::New(info.Env(), rows.size());
  for (uint32_t r = 0; r < rows.size(); ++r) {
    Napi::HandleScope scope(info.Env());
    auto row = Napi::Array::New(info.Env(), rows[r].size());
    for (uint32_t i = 0; i < rows[r].size(); ++i) row.Set(i, ToJs(info.Env(), rows[r][i]));
    js.Set(r, row);
  }
  return js;
}

// applyTransforms(chain, parameters, batch, n, length, out, abort)
Napi::Value ApplyTransforms(const Napi::CallbackInfo& info) {
  auto chain = std::make_shared<Chain>(ToChainSpec(info[0]));
  auto parameters = std::make_shared<std::vector<ViewParameters>>(ToParameters(info[1]));
  const Batch batch = ToBatch(info, 2);
  float* out = ToOut(info[5], ViewsSize(*chain, batch));
  return RunAsync(info.Env(), ToAbortFlag(info[6]), {info[2], info[5]},
                  [=](const AbortFlag& abort) { return ApplyTo(*chain, batch, *parameters, out, abort); });
}

}  // namespace

ChainSpec ToChainSpec(Napi::Value value) {
  auto js = ToObject(value, "chain");
  ChainSpec spec;
  auto transforms = ToArray(js.Get("transforms"), "transforms");
  for (uint32_t i = 0; i < transforms.Length(); ++i)
    spec.transforms.push_back(ToTransformSpec(ToObject(transforms.Get(i), "a transform")));
  spec.views = IntegerAt(js, "views");
  spec.clip_length = IntegerAt(js, "clipLength");
  spec.sample_rate = NumberAt(js, "sampleRate");
  spec.seed = static_cast<uint64_t>(IntegerAt(js, "seed"));
  return spec;
}

void ExportAugment(Napi::Object exports) {
  Export(exports, "augment", Augment);
  Export(exports, "drawTransforms", DrawTransforms);
  Export(exports, "applyTransforms", ApplyTransforms);
}

}  // namespace clmr::bindings
