#include "bindings/abort_flag.h"

#include "bindings/handle.h"

namespace clmr::bindings {

Napi::Value AbortFlagObject::New(Napi::Env env) {
  auto flag = std::make_shared<AbortFlag>(false);
  auto js = Handle<AbortFlag>::Wrap(env, flag, "AbortFlag", 0).As<Napi::Object>();
  js.Set("raise",
         Napi::Function::New(env, [flag](const Napi::CallbackInfo&) { flag->store(true); }, "raise"));
  return js;
}

std::shared_ptr<AbortFlag> AbortFlagObject::FlagOf(Napi::Value value) {
  return Handle<AbortFlag>::Unwrap(value, "AbortFlag");
}

}  // namespace clmr::bindings
