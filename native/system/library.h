#pragma once

#include <string>

namespace tcpnet {

/**
 * A shared library that is opened at run time and stays in memory until the process ends: a library that has its own
 * threads, or that a discovery thread which was left behind uses, must not be unmapped.
 */
class Library {
 public:
  /** Opens `name`; null stands for the libraries that the process has loaded already. */
  explicit Library(const char* name);

  explicit operator bool() const { return handle_ != nullptr; }
  /** The loader's error if the library did not open. */
  const std::string& error() const { return error_; }

  /** Sets `function` to the library's symbol, or to null. Returns whether there is one. */
  template <typename Function>
  bool Find(const char* symbol, Function*& function) const {
    function = reinterpret_cast<Function*>(Symbol(symbol));
    return function != nullptr;
  }

 private:
  void* Symbol(const char* name) const;

  void* handle_;  // never closed, see above
  std::string error_;
};

/** Keeps this addon's own shared object in memory until the process ends. */
void PinThisLibrary();

}  // namespace tcpnet
