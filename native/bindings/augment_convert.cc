#include "bindings/augment_convert.h"

#include "augment/transform.h"

namespace clmr::bindings {
namespace {

// f(key, value)
template <class F>
void EachKey(Napi::Object object, F f) {
  auto names = object.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).As<Napi::String>().Utf8Value();
    f(name, object.Get(name));
  }
}

Napi::Value DescribeOption(Napi::Env env, augment::OptionKind kind) {
  if (kind == augment::OptionKind::number) return Js<double>::Describe(env);
  if (kind == augment::OptionKind::range) return Js<std::pair<double, double>>::Describe(env);
  return Js<std::string>::Describe(env);
}

}  // namespace

TransformSpec Js<TransformSpec>::Read(Napi::Value js, const char*) {
  TransformSpec spec;
  EachKey(ToObject(js, "a transform"), [&](const std::string& name, Napi::Value value) {
    if (name == "name") {
      spec.name = ToString(value, "name");
    } else if (value.IsUndefined()) {
      return;
    } else if (name == "p") {
      spec.p = ToNumber(value, "p");
    } else if (value.IsNumber()) {
      spec.parameters[name] = ToNumber(value, name.c_str());
    } else if (value.IsString()) {
      spec.parameters[name] = ToString(value, name.c_str());
    } else {
      spec.parameters[name] = ToRange(value, name.c_str());
    }
  });
  return spec;
}

Napi::Value Js<TransformSpec>::Describe(Napi::Env env) {
  const auto& types = augment::AllTransforms();
  auto choices = Napi::Array::New(env, types.size());
  for (uint32_t i = 0; i < types.size(); ++i) {
    auto fields = Napi::Object::New(env);
    fields.Set("p", Pair(env, "optional", Text(env, "number")));
    for (const auto& [option, kind] : types[i]->options) fields.Set(option, DescribeOption(env, kind));
    auto description = Napi::Object::New(env);
    description.Set("name", types[i]->name);
    description.Set("fields", fields);
    choices.Set(i, description);
  }
  return Pair(env, "choice", choices);
}

AppliedTransform Js<AppliedTransform>::Read(Napi::Value js, const char*) {
  AppliedTransform applied;
  EachKey(ToObject(js, "an applied transform"), [&](const std::string& name, Napi::Value value) {
    if (name == "name") {
      applied.name = ToString(value, "name");
    } else if (name == "applied") {
      applied.applied = ToBoolean(value, "applied");
    } else if (value.IsString()) {
      applied.parameters[name] = ToString(value, name.c_str());
    } else {
      applied.parameters[name] = ToNumber(value, name.c_str());
    }
  });
  return applied;
}

Napi::Value Js<AppliedTransform>::Write(Napi::Env env, const AppliedTransform& applied) {
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

}  // namespace clmr::bindings
