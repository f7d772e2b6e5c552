// Included before every file of a prebuilt Linux binary. If this machine's C and C++ libraries have a newer version of
// a function than Debian 10, RHEL 8 and Node's own binaries (glibc 2.28, GCC 8), the binary binds to the old one, which
// every later library keeps, or contains its own. scripts/check-package fails if a symbol is missing here.
#pragma once

// Before any other header: removes the features that libstdc++ enables with a newer glibc.
#include <bits/c++config.h>
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT    // glibc 2.30: pthread_cond_clockwait
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK   // glibc 2.30: pthread_mutex_clocklock
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK  // glibc 2.30: pthread_rwlock_clockrdlock

#include <cstdlib>
#include <memory>

#if defined(__x86_64__)
#define TCPNET_OLDEST_GLIBC "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define TCPNET_OLDEST_GLIBC "GLIBC_2.17"
#else
#error "scripts/lib/baseline.h knows x86_64 and aarch64"
#endif

#define TCPNET_BIND(symbol, version) __asm__(".symver " symbol "," symbol "@" version)

// glibc 2.32 and 2.34 moved libpthread and libdl into libc, and gave their functions those versions. Node loads both.
TCPNET_BIND("dladdr", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("dlclose", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("dlerror", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("dlopen", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("dlsym", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_create", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_detach", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_join", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_once", TCPNET_OLDEST_GLIBC);
TCPNET_BIND("pthread_sigmask", TCPNET_OLDEST_GLIBC);

// GCC 12 gave std::condition_variable::wait(std::unique_lock<std::mutex>&) a second version.
TCPNET_BIND("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE", "GLIBCXX_3.4.11");

// The following functions are part of the binary: defined in every file, kept once, not exported.
#define TCPNET_HIDE(symbol) __asm__(".hidden " symbol)

TCPNET_HIDE("__libc_single_threaded");
TCPNET_HIDE("_ZSt28__throw_bad_array_new_lengthv");
TCPNET_HIDE("_ZNSt19_Sp_make_shared_tag5_S_eqERKSt9type_info");

// glibc 2.32: whether std::shared_ptr may count without atomic instructions. Not in an addon with a thread.
extern "C" {
__attribute__((weak)) char __libc_single_threaded = 0;
}

namespace std {

// GCC 11: called by `new T[n]` for an invalid n.
[[noreturn]] __attribute__((weak)) void __throw_bad_array_new_length() {
  std::abort();
}

// GCC 9: called for pointers of std::make_shared by code with RTTI. The addon has none.
__attribute__((weak)) bool _Sp_make_shared_tag::_S_eq(const type_info&) noexcept {
  return false;
}

}  // namespace std
