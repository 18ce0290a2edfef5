#pragma once
// The one place where C++ exceptions become JavaScript errors.
#include <napi.h>

#include <exception>

namespace clmr::bindings {

// A JavaScript Error with `code` and, where there is one, `path`.
// A libtorch error keeps its stack in `nativeStack`.
Napi::Error ToJsError(Napi::Env env, std::exception_ptr failure);

template <class F>
auto Guarded(const Napi::CallbackInfo& info, F body) -> Napi::Value {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw ToJsError(info.Env(), std::current_exception());
  }
}

}  // namespace clmr::bindings
