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
        "native/addon.cc",
        "native/address_query.cc",
        "native/avahi.cc",
        "native/avahi_api.cc",
        "native/avahi_daemon.cc",
        "native/avahi_lookups.cc",
        "native/avahi_poll.cc",
        "native/avahi_publisher.cc",
        "native/bonjour.cc",
        "native/bonjour_activities.cc",
        "native/bonjour_link.cc",
        "native/connection.cc",
        "native/convert.cc",
        "native/directory.cc",
        "native/discoverer.cc",
        "native/discovery_thread.cc",
        "native/dns_data.cc",
        "native/dns_sd_api.cc",
        "native/environment.cc",
        "native/event_queue.cc",
        "native/interfaces.cc",
        "native/library.cc",
        "native/locate.cc",
        "native/locator.cc",
        "native/loop.cc",
        "native/operation.cc",
        "native/session.cc",
        "native/socket_options.cc",
      ],
      "include_dirs": [
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
