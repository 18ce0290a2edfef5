#pragma once
// AbortFlag of binding.ts: an object with raise(), shared between JavaScript and the thread that works.
#include <napi.h>

#include <memory>

#include "error.h"

namespace clmr::bindings {

class AbortFlagObject {
 public:
  static Napi::Value New(Napi::Env env);
  static std::shared_ptr<AbortFlag> FlagOf(Napi::Value value);
};

}  // namespace clmr::bindings
