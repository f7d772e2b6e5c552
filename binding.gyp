{
  "variables": {
    # Warnings are errors in a checkout, not on the machine of somebody who installs the package.
    "strict%": "<!(node -p \"Number(require('fs').existsSync('.git'))\")",
    # "address,undefined" or "thread": see scripts/sanitize.
    "sanitize%": "",
  },
  "targets": [
    {
      "target_name": "tcpnet",
      "sources": [
        "native/avahi/api.cc",
        "native/avahi/backend.cc",
        "native/avahi/daemon.cc",
        "native/avahi/lookups.cc",
        "native/avahi/poll.cc",
        "native/avahi/publisher.cc",
        "native/core/connection.cc",
        "native/core/directory.cc",
        "native/core/discoverer.cc",
        "native/core/discovery_thread.cc",
        "native/core/dns_data.cc",
        "native/core/event_queue.cc",
        "native/core/locate.cc",
        "native/core/locator.cc",
        "native/core/loop.cc",
        "native/dns_sd/activities.cc",
        "native/dns_sd/address_query.cc",
        "native/dns_sd/api.cc",
        "native/dns_sd/backend.cc",
        "native/dns_sd/link.cc",
        "native/dns_sd/operation.cc",
        "native/node/addon.cc",
        "native/node/convert.cc",
        "native/node/environment.cc",
        "native/node/session.cc",
        "native/system/interfaces.cc",
        "native/system/library.cc",
        "native/system/socket_options.cc",
      ],
      "include_dirs": [
        "native",
        # The package's own headers, before what the application has by that name, which may be of any age.
        "<!(node -p \"require('fs').existsSync('native/vendor/napi.h') ? 'native/vendor' : require('node-addon-api').include_dir\")"
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # Events that come while the environment ends cannot be told: Node runs them once more before its cleanup hooks.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      ],
      "cflags_cc": ["-std=c++17", "-fvisibility=hidden", "-fno-exceptions", "-pthread"],
      "ldflags": ["-pthread"],
      "conditions": [
        ["OS=='linux'", {"libraries": ["-ldl"]}],
        ["strict==1", {"cflags_cc": ["-Wall", "-Wextra", "-Werror"]}],
        ["sanitize!=''", {
          "cflags_cc": ["-fsanitize=<(sanitize)", "-fno-omit-frame-pointer", "-g", "-O1"],
          "ldflags": ["-fsanitize=<(sanitize)"],
        }],
      ],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_ENABLE_CPP_EXCEPTIONS": "NO",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
      },
    }
  ],
}
