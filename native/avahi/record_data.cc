#include "avahi/record_data.h"

#include <algorithm>
#include <cctype>

namespace tcpnet::avahi {

namespace {

/** The character of a name at `at`, which is moved past it; \DDD and \C are one character (RFC 1035 section 5.1). */
char NextCharacter(const std::string& name, size_t& at) {
  if (name[at] != '\\' || at + 1 == name.size()) return name[at++];
  const std::string digits = name.substr(at + 1, 3);
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (digits.size() < 3 || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    at += 2;
    return name[at - 1];
  }
  at += 4;
  return static_cast<char>(std::stoi(digits));
}

}  // namespace

std::string LabelData(const std::string& label) {
  const std::string cut = label.substr(0, 63);
  return static_cast<char>(cut.size()) + cut;
}

std::string NameData(const std::string& name) {
  std::string data;
  for (size_t at = 0; at < name.size(); at++) {
    std::string label;
    while (at < name.size() && name[at] != '.') label += NextCharacter(name, at);
    if (!label.empty()) data += LabelData(label);
  }
  return data + '\0';
}

std::string SrvData(uint16_t port, const std::string& host) {
  const std::string priority_and_weight(4, '\0');
  return priority_and_weight + static_cast<char>(port >> 8) + static_cast<char>(port & 0xff) + NameData(host);
}

std::string EscapeLabel(const std::string& label) {
  std::string text;
  for (const char c : label) {
    if (c == '.' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace tcpnet::avahi
