#pragma once
// What crosses of augmentations with parameters by name: transforms as they are configured, and as they were
// drawn. Which names there are, each transform says (augment/transform.h).
#include "augment/chain.h"
#include "bindings/struct.h"

namespace clmr::bindings {

template <>
struct Js<TransformSpec> {
  static TransformSpec Read(Napi::Value js, const char* name);
  static Napi::Value Describe(Napi::Env env);
};

// { name, applied, …parameters }
template <>
struct Js<AppliedTransform> {
  static AppliedTransform Read(Napi::Value js, const char* name);
  static Napi::Value Write(Napi::Env env, const AppliedTransform& applied);
  static Napi::Value Describe(Napi::Env env) { return Text(env, "AppliedTransform"); }
};

}  // namespace clmr::bindings
