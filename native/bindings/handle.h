#pragma once
// A JavaScript object that owns a native one. It is tagged (a wrong handle is a sentence, not a crash),
// disposable (the native object goes when the last call in flight lets go of it) and weighed
// (V8 knows its bytes).
#include <napi.h>

#include <memory>
#include <string>

#include "error.h"

namespace clmr::bindings {

// Drawn when the library is loaded: two copies of clmr in one process must not accept each other's handles.
napi_type_tag MakeTypeTag();

template <class T>
class Handle {
 public:
  // `name` is what messages call it; `bytes` what it holds in native memory.
  static Napi::Value Wrap(Napi::Env env, std::shared_ptr<T> object, const char* name, int64_t bytes) {
    Napi::Object js = Napi::Object::New(env);
    auto* box = new Box{std::move(object), name, bytes};
    const auto finalize = [](napi_env env, void* data, void*) {
      auto* box = static_cast<Box*>(data);
      box->Release(env);
      delete box;
    };
    if (napi_type_tag_object(env, js, &Tag()) != napi_ok ||
        napi_wrap(env, js, box, finalize, nullptr, nullptr) != napi_ok) {
      delete box;
      throw Error("ERR_INTERNAL", "a handle could not be made");
    }
    Napi::MemoryManagement::AdjustExternalMemory(env, bytes);
    return js;
  }

  // The native object, kept alive by the caller's copy of the pointer.
  static std::shared_ptr<T> Unwrap(Napi::Value js, const char* name) {
    Box* box = Find(js);
    if (!box) throw Error("ERR_ARGUMENT", std::string("not a handle of ") + name);
    if (!box->object) throw Error("ERR_DISPOSED", std::string(name) + " was disposed");
    return box->object;
  }

  // True where js is a handle of this type; releasing it twice is harmless.
  static bool Dispose(Napi::Value js) {
    Box* box = Find(js);
    if (box) box->Release(js.Env());
    return box != nullptr;
  }

  // -1: not of this type, 0: alive, 1: disposed
  static int State(Napi::Value js) {
    Box* box = Find(js);
    return !box ? -1 : box->object ? 0 : 1;
  }

 private:
  struct Box {
    std::shared_ptr<T> object;
    const char* name;
    int64_t bytes;
    void Release(napi_env env) {
      if (!object) return;
      object.reset();
      Napi::MemoryManagement::AdjustExternalMemory(env, -bytes);
    }
  };

  static const napi_type_tag& Tag() {
    static const napi_type_tag tag = MakeTypeTag();
    return tag;
  }

  static Box* Find(Napi::Value js) {
    bool matches = false;
    void* data = nullptr;
    if (!js.IsObject() || napi_check_object_type_tag(js.Env(), js, &Tag(), &matches) != napi_ok || !matches)
      return nullptr;
    return napi_unwrap(js.Env(), js, &data) == napi_ok ? static_cast<Box*>(data) : nullptr;
  }
};

}  // namespace clmr::bindings
