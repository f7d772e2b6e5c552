# In this folder, and not in the package's root: npm would compile the addon at every install. To compile it by hand:
#   npx node-gyp rebuild --directory node_modules/tcpnet/native
{
  "variables": {
    # Warnings are errors only in a checkout, not when a user compiles the installed package.
    "strict%": "<!(node -p \"Number(require('fs').existsSync('../.git'))\")",
    # "address,undefined" or "thread": see scripts/sanitize.
    "sanitize%": "",
  },
  "targets": [
    {
      "target_name": "tcpnet",
      # The package's root is where node-gyp-build looks for it.
      "product_dir": "../../build/Release",
      "sources": [
        "avahi/announcement.cc",
        "avahi/api.cc",
        "avahi/backend.cc",
        "avahi/browser.cc",
        "avahi/host_lookup.cc",
        "avahi/poll.cc",
        "avahi/record_data.cc",
        "avahi/service_lookup.cc",
        "core/address_query.cc",
        "core/connection.cc",
        "core/directory.cc",
        "core/discoverer.cc",
        "core/discovery_thread.cc",
        "core/event_queue.cc",
        "core/locator.cc",
        "core/loop.cc",
        "core/mailbox.cc",
        "core/question.cc",
        "core/session.cc",
        "core/txt.cc",
        "dns_sd/announcement.cc",
        "dns_sd/api.cc",
        "dns_sd/backend.cc",
        "dns_sd/browser.cc",
        "dns_sd/host_lookup.cc",
        "dns_sd/operation.cc",
        "dns_sd/service_lookup.cc",
        "node/addon.cc",
        "node/convert.cc",
        "node/discovery.cc",
        "node/environment.cc",
        "system/connect_filter.cc",
        "system/interface_watch.cc",
        "system/interfaces.cc",
        "system/library.cc",
        "system/responder.cc",
        "system/socket_options.cc",
      ],
      "include_dirs": [
        ".",
        # Also unpacks the sources, in the installed package.
        "<!(node unpack.cjs)"
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # Node delivers events once more while the environment ends, before its cleanup hooks: their exceptions cannot be thrown.
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
