#include "bindings/guard.h"

#include <c10/util/Exception.h>

#include <new>

#include "error.h"

namespace clmr::bindings {

Napi::Error ToJsError(Napi::Env env, std::exception_ptr failure) {
  const auto make = [&](const char* code, const char* message) {
    Napi::Error error = Napi::Error::New(env, message);
    error.Value().Set("code", code);
    return error;
  };
  try {
    std::rethrow_exception(failure);
  } catch (const Error& e) {
    Napi::Error error = make(e.code().c_str(), e.what());
    if (!e.path().empty()) error.Value().Set("path", e.path());
    return error;
  } catch (const c10::OutOfMemoryError& e) {
    return make("ERR_MEMORY", e.what_without_backtrace());
  } catch (const c10::Error& e) {
    Napi::Error error = make("ERR_INTERNAL", e.what_without_backtrace());
    error.Value().Set("nativeStack", e.what());
    return error;
  } catch (const std::bad_alloc&) {
    return make("ERR_MEMORY", "out of memory");
  } catch (const std::exception& e) {
    return make("ERR_INTERNAL", e.what());
  } catch (...) {
    return make("ERR_INTERNAL", "an unknown C++ exception");
  }
}

}  // namespace clmr::bindings
